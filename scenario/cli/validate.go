package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"nodrop/loadgen/safetext"
)

func (p *Program) validateCommand() *cobra.Command {
	o := &fileOptions{Program: p}
	cmd := &cobra.Command{
		Use:   "validate FILE",
		Short: "Check a scenario file without running it",
		Long: `Check a scenario file without running it. Faults are printed as
FILE:LINE:COLUMN: TEXT, as editors and CI expect them.`,
		Example: "nodrop scenario validate stop.yaml\nnodrop scenario validate --set HOST=10.0.0.1 stop.yaml",
		Args:    cobra.ArbitraryArgs,
	}
	o.setFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.files = args
		return o.validate(cmd.Context())
	}
	return cmd
}

func (o *fileOptions) validate(ctx context.Context) error {
	s, err := o.read(ctx)
	if err != nil {
		return err
	}
	searches := ""
	if f := s.search; f != nil {
		if err := fits(f.Range.Steps(), cmp.Or(f.Confirm, defaultConfirm), len(s.Streams), "confirm: "); err != nil {
			return err
		}
		searches = fmt.Sprintf(", search %s from %s to %s", f.Var, f.Range.Text(f.Range.From), f.Range.Text(f.Range.To))
	}
	fmt.Fprintf(o.Out, "%s: ok: variants %d, repetitions %d, loads %d%s\n", safetext.CleanLine(o.files[0]), len(s.Variants), max(1, s.Repeat), len(s.Streams), safetext.CleanLine(searches))
	return nil
}
