package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/misuse"
	"nodrop/scenario/lab/dataplane"
)

const labHelp = `Start a fleet of gateways on this machine, send load through a balancer and
scale the fleet in meanwhile: once abruptly, once gracefully. The report shows
what was lost each time. It needs no cluster, no root and no gateway installed.`

const labExamples = `nodrop lab
nodrop lab --gateway nginx --stop naive,graceful --repeat 5`

type labOptions struct {
	*Program
	flags           *labFlags
	checks, outputs *[]string
}

// Lab is the command nodrop lab.
func (p *Program) Lab() *cobra.Command {
	o := &labOptions{Program: p}
	cmd := &cobra.Command{
		Use:     "lab [flags]",
		Short:   "Scale in gateways on this machine under load, abruptly, then gracefully",
		Long:    labHelp,
		Example: labExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return &misuse.Error{
				Problem: fmt.Sprintf("lab: %s: unexpected argument: the lab starts its own gateways", args[0]),
				Hint:    "use --backend http://HOST:PORT to put your own server behind them, or leave out lab for a plain load",
			}
		},
	}
	o.outputs = p.OutputFlag(cmd.Flags())
	p.defineProgress(cmd.Flags())
	o.checks = cli.FailIfFlag(cmd.Flags())
	o.flags = newLabFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) }
	return cmd
}

func (o *labOptions) run(ctx context.Context) error {
	if err := o.Validate(*o.checks); err != nil {
		return err
	}
	if err := o.checkProof(); err != nil {
		return err
	}
	h, err := o.flags.hunt(o.Program, *o.checks)
	if err != nil {
		return err
	}
	if o.flags.HasClient() {
		return o.runClients(ctx)
	}
	s, err := o.flags.Scenario(o.Err)
	if err != nil {
		return err
	}
	if !o.InNamespace {
		if err := o.flags.CheckTarget(ctx); err != nil {
			return err
		}
	}
	if o.flags.NeedsNamespace() && !o.InNamespace {
		return o.enterNamespace()
	}
	if h != nil {
		return h.search(ctx, *o.outputs)
	}
	if o.flags.prove {
		return o.proveLab(ctx)
	}
	s.Variants[len(s.Variants)-1].FailIf = *o.checks
	return o.perform(ctx, s, *o.outputs, true)
}

// enterNamespace starts nodrop again with the same arguments in a new network
// namespace.
func (o *labOptions) enterNamespace() error {
	code, err := dataplane.InNamespace(o.Args, func() { // the child, which runs the load, handles signals
		o.Unlisten()
		o.Interrupts.Ignore()
	})
	switch {
	case errors.Is(err, context.Canceled):
		o.Complain(ErrInterrupted)
		return cli.Exit(cli.ExitInterrupted)
	case err != nil:
		return err
	}
	return cli.Exit(code)
}
