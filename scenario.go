package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nodrop/loadgen"
	"nodrop/loadgen/cli"
	"nodrop/loadgen/safetext"
	reportcli "nodrop/report/cli"
	"nodrop/report/output"
	"nodrop/scenario"
	"nodrop/scenario/action"
	"nodrop/scenario/file"
)

func (p *program) scenarioCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scenario COMMAND",
		Short: "What a file says: set up, load, act beside it, restore; in variants, compared",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &loadgen.HintError{Problem: fmt.Sprintf("scenario: unknown command %q", args[0]), Hint: "nodrop scenario run FILE, validate FILE, init KIND or schema"}
			}
			return cmd.Help()
		},
	}
	run := &cobra.Command{Use: "run FILE", Short: "Run it", Args: cobra.ArbitraryArgs}
	flags := newScenarioFlags(run.Flags())
	run.Flags().StringArrayVar(&flags.variants, "variant", nil, "the only variant to run; repeatable")
	run.Flags().IntVar(&flags.repeat, "repeat", 0, "how often each variant is run, in turns, in place of what the file says")
	dry := run.Flags().Bool("dry-run", false, "print what would be done, in order, and do nothing")
	run.Flags().StringArrayVar(&flags.checks, "fail-if", nil, "check that fails the verdict, exit 1, on the last variant: 'lost > 0', 'p99 > 250ms'; repeatable")
	yes := yesFlag(run.Flags())
	outputs := output.Flag(run.Flags())
	run.RunE = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("repeat") && flags.repeat < 1 {
			return fmt.Errorf("--repeat %d: must be 1 to %d", flags.repeat, file.MaxRepeat)
		}
		s, err := p.readScenario(cmd.Context(), flags, args)
		if err != nil {
			return err
		}
		if *dry {
			return p.dryRun(s)
		}
		if err := p.confirm(s, *yes); err != nil {
			return err
		}
		return p.scenario(cmd.Context(), s, *outputs)
	}
	validate := &cobra.Command{Use: "validate FILE", Short: "Only tell what is wrong with it", Args: cobra.ArbitraryArgs}
	only := newScenarioFlags(validate.Flags())
	validate.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := p.readScenario(cmd.Context(), only, args)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.Out, "%s: ok: variants %d, repetitions %d, streams %d\n", safetext.CleanLine(args[0]), len(s.Variants), max(1, s.Repeat), len(s.Streams))
		return nil
	}
	schema := &cobra.Command{Use: "schema", Short: "Print the JSON Schema of a scenario file, for editors", Args: cobra.ArbitraryArgs}
	schema.RunE = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return errors.New("scenario schema: it is of no file, and goes to stdout")
		}
		_, err := io.WriteString(p.Out, file.Schema)
		return err
	}
	cmd.AddCommand(run, validate, p.initCommand(), schema)
	return cmd
}

// dryRun tells what would be done, and what that would change in which cluster.
func (p *program) dryRun(s *scenario.Scenario) error {
	if _, err := io.WriteString(safetext.CleanWriter{To: p.Out}, file.Plan(s)); err != nil {
		return err
	}
	lines, err := changes(s)
	if err != nil || len(lines) == 0 {
		return err
	}
	_, err = fmt.Fprintf(p.Out, "\nThis would change:\n  %s\n", strings.Join(lines, "\n  "))
	return err
}

// scenarioFlags are what a file is read with.
type scenarioFlags struct {
	set, variants, checks []string
	repeat                int
}

func newScenarioFlags(fs *pflag.FlagSet) *scenarioFlags {
	f := &scenarioFlags{}
	fs.StringArrayVar(&f.set, "set", nil, "NAME=VALUE: what ${NAME} is; repeatable")
	return f
}

func (p *program) readScenario(ctx context.Context, f *scenarioFlags, args []string) (*scenario.Scenario, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("scenario: want one file, got %d", len(args))
	}
	if err := reportcli.Validate(f.checks); err != nil {
		return nil, err
	}
	if f.repeat > file.MaxRepeat {
		return nil, fmt.Errorf("--repeat %d: must be 1 to %d", f.repeat, file.MaxRepeat)
	}
	set := map[string]string{}
	for _, text := range f.set {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, &loadgen.HintError{Problem: fmt.Sprintf("--set %q: not NAME=VALUE", name), Hint: "--set HOST=10.0.0.1"}
		}
		set[name] = value
	}
	s, err := unlessEnded(ctx, func() (*scenario.Scenario, error) {
		return file.Load(args[0], file.Options{
			Set: set, Variants: f.variants, Repeat: f.repeat, FailIf: f.checks, LookupEnv: os.LookupEnv,
			ParseCheck: func(text string) error { return reportcli.Validate([]string{text}) },
		})
	})
	if faults, ok := errors.AsType[file.Faults](err); ok && ctx.Err() == nil {
		fmt.Fprintln(p.Err, faults) // as editors and CI read them
		return nil, cli.Exit(cli.ExitMisuse)
	}
	return s, err
}

// unlessEnded is what do returns, unless ctx ends before: a pipe that is read may
// never say anything.
func unlessEnded[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := do()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// scenario runs s. Without a run there is no report, but what went wrong.
func (p *program) scenario(ctx context.Context, s *scenario.Scenario, formats []string) error {
	out, err := p.reports.Open(formats)
	if err != nil {
		return err
	}
	defer out.Discard()
	recording, err := p.runScenario(ctx, s, out)
	misused := portHeld(err)
	if err != nil && len(recording.Runs) == 0 && (misused || ctx.Err() != nil) {
		return err
	}
	if err != nil && len(recording.Runs) == 0 {
		p.Complain(err)
		recording.Error = cli.Printable(err)
	}
	ended := p.finish(ctx, out, recording)
	if misused && ended != cli.Exit(cli.ExitInterrupted) {
		return cli.Exit(cli.ExitMisuse)
	}
	return ended
}

// portHeld reports a set-up that found a process's port held by something else.
func portHeld(err error) bool {
	setUp, ok := errors.AsType[*scenario.SetUpError](err)
	if !ok {
		return false
	}
	_, held := errors.AsType[*action.InUseError](setUp)
	return held
}
