package main

import (
	"context"
	"errors"
	"fmt"

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
	begun := false // so has a client
	for _, run := range runs {
		err := p.clientRun(ctx, run, func() { begun = true })
		if begun && ctx.Err() != nil {
			p.interruptedClient(err)
			return nil //nolint:nilerr // it has been reported
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// clientRun tells what was seen beside one client.
func (p *program) clientRun(ctx context.Context, run *lab.ClientRun, begins func()) error {
	result, err := run.Run(ctx, p.stdout, p.rawStderr, func(fleet string) {
		begins()
		fmt.Fprintf(p.stdout, "\n%s\n\n$ %s\n", fleet, safetext.CleanText(safetext.MaskText(run.Command)))
	})
	if err != nil {
		scenario.Log(p.logs.keep).Failed("lab", err)
		return err
	}
	if err := report.Beside(p.stdout, result.Marks, result.Kernel.String()); err != nil {
		return err
	}
	if result.Problem != nil && ctx.Err() == nil { // the end of ctx is a problem, too
		p.complain(fmt.Errorf("%s: %w", run.Stop, result.Problem))
		p.code = exitInconclusive
	}
	return nil
}

// interruptedClient tells that another load generator was interrupted, and what
// went wrong then.
func (p *program) interruptedClient(err error) {
	told := errors.New("interrupted")
	if err != nil && !errors.Is(err, context.Canceled) {
		told = fmt.Errorf("%w; %w", told, err)
	}
	p.complain(told)
	p.code = exitInterrupted
}
