package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/output"
)

func (p *program) reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report FILE",
		Short: "A saved recording (-o json=FILE or ndjson=FILE) as a report again",
		Args:  cobra.ArbitraryArgs,
	}
	checks := cli.FailIfFlag(cmd.Flags())
	outputs := output.Flag(cmd.Flags())
	schema := cmd.Flags().Bool("schema", false, "print the JSON Schema of -o report-json")
	one := cmd.Flags().String("run", "", "the only run to report, by its name ('graceful #2') or its place (3), as if it had been the only one")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *schema {
			return p.schema(cmd.Flags(), args)
		}
		if len(args) != 1 {
			return fmt.Errorf("report: want one file, got %d", len(args))
		}
		if err := validate(*checks); err != nil {
			return err
		}
		recording, err := output.Read(args[0])
		if err == nil && cmd.Flags().Changed("run") {
			recording, err = report.Only(recording, *one)
		}
		if err != nil {
			return err
		}
		return p.report(recording, *checks, *outputs)
	}
	return cmd
}

// report renders a saved recording. Checks are added to what it was recorded
// with, of the variant that the lab would add them to.
func (p *program) report(recording *record.Recording, checks, formats []string) error {
	last := "" // the variant that appeared last: repetitions are in turns
	seen := map[string]bool{}
	for _, run := range recording.Runs {
		if !seen[run.Variant] {
			seen[run.Variant], last = true, run.Variant
		}
	}
	for _, run := range recording.Runs {
		if run.Variant == last {
			run.FailIf = append(run.FailIf, checks...)
		}
	}
	out, err := output.Open(formats, p.Out, &p.temporaries)
	if err != nil {
		return err
	}
	defer out.Discard()
	if streams := out.Streams(); len(streams) > 0 {
		return fmt.Errorf("-o %s: written while a load runs; a recording has no single requests to write", streams[0])
	}
	return p.finish(context.Background(), out, report.Build(recording))
}

// schema prints what -o report-json is held to.
func (p *program) schema(fs *pflag.FlagSet, args []string) error {
	if len(args) > 0 || fs.NFlag() > 1 {
		return errors.New("report: --schema is printed to stdout, of no file")
	}
	_, err := io.WriteString(p.Out, report.Schema)
	return err
}
