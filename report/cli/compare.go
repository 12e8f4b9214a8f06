package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/misuse"
	"nodrop/report"
	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/output"
)

// compareOptions are the arguments of nodrop compare.
type compareOptions struct {
	*Program
	files           []string
	base, next      []string // patterns given instead of files
	history         string   // directory of past recordings, instead of BASE
	inHistory       bool     // it was given
	variant         string
	checks, formats []string
}

// Compare is the command nodrop compare BASE NEW, and nodrop compare --history DIR.
func (p *Program) Compare() *cobra.Command {
	o := &compareOptions{Program: p}
	cmd := &cobra.Command{
		Use:   "compare BASE NEW",
		Short: "Compare saved recordings: what changed, and whether by chance",
		Long: `Compare recordings that -o json=FILE saved, before and after a change: what has
changed, and whether chance explains it. The latter takes four runs or more of
each. With --history, list the past recordings of one scenario, the oldest
first, and judge a new one by them.`,
		Example: "nodrop compare before.json after.json\nnodrop compare --base 'off-*.json' --new 'on-*.json' --fail-if 'p99 > +10%'\nnodrop compare --history runs/ new.json --fail-if 'lost > p99(history)'",
		Args:    cobra.ArbitraryArgs,
	}
	fs := cmd.Flags()
	fs.StringArrayVar(&o.base, "base", nil, "recordings of the base arm instead of BASE, one repetition per run: 'off-*.json'; repeatable")
	fs.StringArrayVar(&o.next, "new", nil, "recordings of the new arm instead of NEW; repeatable")
	fs.StringVar(&o.history, "history", "", "directory of past recordings instead of BASE: list those of the scenario of NEW and judge NEW by them; without NEW, judge the newest by the others or, without --fail-if, only list")
	fs.StringVar(&o.variant, "variant", "", "the variant to compare, if the recordings have several; with --history, the last if not given")
	fs.StringArrayVar(&o.checks, "fail-if", nil, "check that makes it fail, exit 1: 'lost > 0' on each run of new, 'p99 > +10%' on the change, or, in a history, 'lost > p99(history)'; repeatable")
	cli.GroupRecordings.Hold(fs, "base FILES", "new FILES", "history DIR", "variant NAME")
	cli.GroupOutput.Hold(fs, "fail-if CHECK")
	outputs := o.outputFlag(fs, output.OfComparison)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		o.files, o.formats, o.inHistory = args, *outputs, fs.Changed("history")
		if o.inHistory {
			return o.runHistory()
		}
		return o.run()
	}
	return cmd
}

// run compares two arms of saved recordings.
func (o *compareOptions) run() error {
	arms, err := findArms(o.files, o.base, o.next)
	if err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	base, err := readArm(arms[0])
	if err != nil {
		return err
	}
	next, err := readArm(arms[1])
	if err != nil {
		return err
	}
	r, err := report.Compare(base, next, o.variant, o.checks)
	if err != nil {
		return err
	}
	return o.write(r)
}

// write writes the report to all outputs.
func (o *compareOptions) write(r *report.Report) error {
	out, err := o.Open(o.formats)
	if err != nil {
		return err
	}
	defer out.Discard()
	return cli.Exit(out.finish(r))
}

// check rejects checks that a comparison cannot evaluate, and formats that
// cannot hold one.
func (o *compareOptions) check() error {
	parse := check.ParseChangeCheck
	if o.inHistory {
		parse = check.ParseHistoryCheck
	}
	for _, text := range o.checks {
		if _, err := parse(text); err != nil {
			return err
		}
	}
	return output.OfComparison.Check(o.formats)
}

func readArm(files []string) ([]compare.Saved, error) {
	var saved []compare.Saved
	for _, file := range files {
		recording, err := output.Read(file)
		if err != nil {
			return nil, err
		}
		saved = append(saved, compare.Saved{File: file, Recording: recording})
	}
	return saved, nil
}

// findArms lists the files of both arms, from two arguments or from patterns.
func findArms(args, base, next []string) (arms [2][]string, err error) {
	switch {
	case len(base)+len(next) == 0 && len(args) == 2:
		return [2][]string{args[:1], args[1:]}, nil
	case len(base)+len(next) == 0:
		return arms, &misuse.Error{Problem: fmt.Sprintf("compare: want two files, got %d", len(args)), Hint: "nodrop compare BASE NEW, or --base 'off-*.json' --new 'on-*.json'"}
	case len(args) > 0:
		return arms, &misuse.Error{Problem: fmt.Sprintf("compare: unexpected argument %s with --base and --new", args[0]), Hint: "quote patterns so that the shell does not expand them: --base 'off-*.json'"}
	case len(base) == 0:
		return arms, errors.New("compare: --new without --base")
	case len(next) == 0:
		return arms, errors.New("compare: --base without --new")
	}
	if arms[0], err = expand("--base", base); err != nil {
		return arms, err
	}
	arms[1], err = expand("--new", next)
	return arms, err
}

// expand lists the files that match the patterns, each once. A pattern that is
// the name of an existing file means that file.
func expand(flag string, patterns []string) ([]string, error) {
	var files []string
	for _, pattern := range patterns {
		matches := []string{pattern}
		if _, err := os.Stat(pattern); err != nil {
			if matches, err = filepath.Glob(pattern); err != nil {
				return nil, fmt.Errorf("%s %q: %w", flag, pattern, err)
			}
		}
		if len(matches) == 0 {
			return nil, fmt.Errorf("%s %q: no file matches", flag, pattern)
		}
		for _, file := range matches {
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return files, nil
}
