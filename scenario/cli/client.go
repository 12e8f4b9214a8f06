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
	if len(*o.checks)+len(*o.outputs) > 0 || o.flags.set.Changed("full") {
		return errors.New("--fail-if, -o, --full: not with --client, which reports its own results")
	}
	if o.flags.set.Changed(progressFlag) {
		return errors.New("--progress: not with --client, which shows its own")
	}
	clients, err := o.flags.ClientRuns()
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
	for _, client := range clients {
		valid, err := o.runClient(ctx, client, func() { begun = true })
		switch {
		case begun && ctx.Err() != nil:
			return o.interruptedClient(err)
		case err != nil:
			return err
		case !valid:
			code = cli.ExitInconclusive
		}
	}
	return cli.Exit(code)
}

// runClient runs one client, prints what the lab observed meanwhile, and
// reports whether the run is valid evidence.
func (o *labOptions) runClient(ctx context.Context, client *lab.ClientRun, begins func()) (valid bool, err error) {
	client.Stdout, client.Stderr = o.Out, o.RawErr
	client.Begun = func(fleet string) {
		begins()
		fmt.Fprintf(o.Out, "\n%s\n\n$ %s\n", fleet, safetext.CleanText(safetext.MaskText(client.Command)))
	}
	s := client.Scenario()
	s.Log, s.Interrupts = o.logs.keep, o.Interrupts
	recording, err := s.Run(ctx, scenario.Watch{}) // the terminal is the client's
	if err != nil {
		return false, err
	}
	for _, run := range recording.Runs {
		if err := o.Beside(o.Out, run.Marks, client.Kernel.String()); err != nil {
			return false, err
		}
	}
	if client.Problem != nil && ctx.Err() == nil { // an interrupt causes a problem, too
		o.Complain(fmt.Errorf("%s: %w", client.Stop, client.Problem))
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
