package main

import (
	"context"
	"errors"
	"fmt"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/safetext"
	"nodrop/report"
	"nodrop/scenario"
	"nodrop/scenario/lab"
)

// labClient runs another load generator beside what happens to the fleet.
func (p *program) labClient(ctx context.Context, flags *lab.FlagValues, checks, formats []string) error {
	if len(checks)+len(formats) > 0 {
		return errors.New("--fail-if, -o: what another client met is its own to tell")
	}
	runs, err := flags.ClientRuns()
	if err != nil {
		return err
	}
	if !p.inNamespace {
		if err := flags.CheckTarget(ctx); err != nil {
			return err
		}
		return p.enterNamespace()
	}
	p.interrupts.Begin()
	begun, code := false, cli.ExitOK // begun: so has a client
	for _, run := range runs {
		proven, err := p.clientRun(ctx, run, func() { begun = true })
		switch {
		case begun && ctx.Err() != nil:
			return p.interruptedClient(err)
		case err != nil:
			return err
		case !proven:
			code = cli.ExitInconclusive
		}
	}
	return cli.Exit(code)
}

// clientRun tells what was seen beside one client, and whether that proves
// anything.
func (p *program) clientRun(ctx context.Context, run *lab.ClientRun, begins func()) (proven bool, err error) {
	result, err := run.Run(ctx, p.Out, p.RawErr, func(fleet string) {
		begins()
		fmt.Fprintf(p.Out, "\n%s\n\n$ %s\n", fleet, safetext.CleanText(safetext.MaskText(run.Command)))
	})
	if err != nil {
		scenario.Log(p.logs.keep).Failed("lab", err)
		return false, err
	}
	if err := report.Beside(p.Out, result.Marks, result.Kernel.String()); err != nil {
		return false, err
	}
	if result.Problem != nil && ctx.Err() == nil { // the end of ctx is a problem, too
		p.Complain(fmt.Errorf("%s: %w", run.Stop, result.Problem))
		return false, nil
	}
	return true, nil
}

// interruptedClient tells that another load generator was interrupted, and what
// went wrong then.
func (p *program) interruptedClient(err error) error {
	told := errors.New("interrupted")
	if err != nil && !errors.Is(err, context.Canceled) {
		told = fmt.Errorf("%w; %w", told, err)
	}
	p.Complain(told)
	return cli.Exit(cli.ExitInterrupted)
}
