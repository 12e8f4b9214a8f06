package cli

import (
	"context"
	"errors"
	"fmt"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/safetext"
	"nodrop/scenario"
	"nodrop/scenario/lab"
)

// runClients runs another load generator (--client) against the fleet, once for
// each stop mode.
func (o *labOptions) runClients(ctx context.Context) error {
	if len(*o.checks)+len(*o.outputs) > 0 {
		return errors.New("--fail-if, -o: what another client met is its own to tell")
	}
	runs, err := o.flags.ClientRuns()
	if err != nil {
		return err
	}
	if !o.InNamespace {
		if err := o.flags.CheckTarget(ctx); err != nil {
			return err
		}
		return o.enterNamespace()
	}
	o.Interrupts.Begin()
	begun, code := false, cli.ExitOK // begun: a client has been started
	for _, run := range runs {
		proven, err := o.runClient(ctx, run, func() { begun = true })
		switch {
		case begun && ctx.Err() != nil:
			return o.interruptedClient(err)
		case err != nil:
			return err
		case !proven:
			code = cli.ExitInconclusive
		}
	}
	return cli.Exit(code)
}

// runClient runs one client, prints what the lab observed meanwhile, and
// reports whether the run is valid evidence.
func (o *labOptions) runClient(ctx context.Context, run *lab.ClientRun, begins func()) (proven bool, err error) {
	result, err := run.Run(ctx, o.Out, o.RawErr, func(fleet string) {
		begins()
		fmt.Fprintf(o.Out, "\n%s\n\n$ %s\n", fleet, safetext.CleanText(safetext.MaskText(run.Command)))
	})
	if err != nil {
		scenario.Log(o.logs.keep).Failed("lab", err)
		return false, err
	}
	if err := o.Beside(o.Out, result.Marks, result.Kernel.String()); err != nil {
		return false, err
	}
	if result.Problem != nil && ctx.Err() == nil { // an interrupt causes a problem, too
		o.Complain(fmt.Errorf("%s: %w", run.Stop, result.Problem))
		return false, nil
	}
	return true, nil
}

// interruptedClient prints that the client was interrupted, and any other
// error.
func (o *labOptions) interruptedClient(err error) error {
	told := errors.New("interrupted")
	if err != nil && !errors.Is(err, context.Canceled) {
		told = fmt.Errorf("%w; %w", told, err)
	}
	o.Complain(told)
	return cli.Exit(cli.ExitInterrupted)
}
