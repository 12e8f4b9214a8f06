package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"nodrop/loadgen"
	"nodrop/loadgen/cli"
	reportcli "nodrop/report/cli"
	"nodrop/report/output"
	"nodrop/scenario/lab"
)

func (p *program) labCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lab [flags]",
		Short: "The whole story on this machine: scale a fleet of gateways in under load, abruptly, then gracefully",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return &loadgen.HintError{
				Problem: fmt.Sprintf("lab: %s: it takes no URL, as it brings its own gateways", args[0]),
				Hint:    "--backend http://HOST:PORT puts a server of yours behind them; without lab, nodrop sends a plain load",
			}
		},
	}
	flags := lab.Flags(cmd.Flags())
	checks := cli.FailIfFlag(cmd.Flags())
	outputs := output.Flag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return p.lab(cmd.Context(), flags, *checks, *outputs)
	}
	return cmd
}

// lab runs the scenario that the flags describe.
func (p *program) lab(ctx context.Context, flags *lab.FlagValues, checks, formats []string) error {
	if err := reportcli.Validate(checks); err != nil {
		return err
	}
	if flags.HasClient() {
		return p.labClient(ctx, flags, checks, formats)
	}
	s, err := flags.Scenario(p.Err)
	if err != nil {
		return err
	}
	if !p.inNamespace {
		if err := flags.CheckTarget(ctx); err != nil {
			return err
		}
	}
	if flags.NeedsNamespace() && !p.inNamespace {
		return p.enterNamespace()
	}
	s.Variants[len(s.Variants)-1].FailIf = checks
	out, err := p.reports.Open(formats)
	if err != nil {
		return err
	}
	defer out.Discard()
	recording, err := p.runScenario(ctx, s, out)
	switch {
	case err != nil && ctx.Err() != nil && len(recording.Runs) == 0:
		return err
	case err != nil && len(recording.Runs) == 0:
		p.Complain(err)
		recording.Error = cli.Printable(err)
	}
	return p.finish(ctx, out, recording)
}

// enterNamespace does it all again, in a network namespace.
func (p *program) enterNamespace() error {
	code, err := lab.InNamespace(p.args, func() { // signals are for the one that has the load
		p.unlisten()
		p.interrupts.Ignore()
	})
	switch {
	case errors.Is(err, context.Canceled):
		p.Complain(errInterrupted)
		return cli.Exit(cli.ExitInterrupted)
	case err != nil:
		return err
	}
	return cli.Exit(code)
}
