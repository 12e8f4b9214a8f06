package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/record/product"
	"nodrop/loadgen/safetext"
	"nodrop/scenario"
	"nodrop/scenario/file"
)

const runHelp = `Run a scenario file: set up, send its loads, carry out its steps, restore, and
report what each variant lost. Changes in a cluster are listed, and made after
confirmation.`

const runExamples = `nodrop scenario run stop.yaml
nodrop scenario run --variant graceful --repeat 5 -o junit=run.xml stop.yaml`

type runOptions struct {
	fileOptions
	repeated bool // --repeat was given
	dry      bool
	yes      *bool
	outputs  *[]string
	gateway  func() ([]string, error)
}

func (p *Program) runCommand() *cobra.Command {
	o := &runOptions{fileOptions: fileOptions{Program: p}}
	cmd := &cobra.Command{
		Use:     "run FILE",
		Short:   "Run a scenario file",
		Long:    runHelp,
		Example: runExamples,
		Args:    cobra.ArbitraryArgs,
	}
	fs := cmd.Flags()
	o.setFlag(fs)
	fs.StringArrayVar(&o.variants, "variant", nil, "run only this variant; repeatable")
	fs.IntVar(&o.repeat, "repeat", 0, "run each variant this often, alternating, instead of as often as the file says")
	fs.BoolVar(&o.dry, "dry-run", false, "print what a run would do, in order, and do nothing")
	o.find = newFindFlags(fs, cli.GroupScenario, "find the smallest value of ${NAME} with which the variant passes its checks; RANGE is FROM..TO/STEP, as in PRE_STOP=0s..60s/100ms", "NAME=RANGE")
	o.outputs = p.OutputFlag(fs)
	p.defineProgress(fs)
	fs.StringArrayVar(&o.checks, "fail-if", nil, "check that makes the run fail, exit 1, on the last variant: 'lost > 0', 'p99 > 250ms'; repeatable")
	cli.GroupScenario.Hold(fs, "variant NAME", "repeat N", "dry-run")
	cli.GroupOutput.Hold(fs, "fail-if CHECK")
	o.gateway = cli.GatewayFlag(fs)
	o.yes = yesFlag(fs)
	p.verboseFlag(fs)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.files, o.repeated = args, fs.Changed("repeat")
		return o.run(cmd.Context())
	}
	return cmd
}

func (o *runOptions) run(ctx context.Context) error {
	if o.repeated && o.repeat < 1 {
		return fmt.Errorf("--repeat %d: must be 1 to %d", o.repeat, scenario.MaxRepeat)
	}
	if err := o.Formats(*o.outputs); err != nil {
		return err
	}
	products, err := o.gateway()
	if err != nil {
		return err
	}
	s, err := o.read(ctx)
	if err != nil {
		return err
	}
	if err := o.checkSearch(s); err != nil {
		return err
	}
	for i := range s.Variants {
		s.Variants[i].Products = product.Add(s.Variants[i].Products, products...)
	}
	switch {
	case o.dry && s.search != nil:
		fmt.Fprintf(o.Out, "%s\n\nThe first run:\n", safetext.CleanText(o.hunt(s, products).describe()))
		return o.dryRun(s.Scenario)
	case o.dry:
		return o.dryRun(s.Scenario)
	case s.search != nil:
		return o.search(ctx, s, products)
	}
	if err := o.confirm(ctx, s.Scenario, *o.yes); err != nil {
		return err
	}
	return o.perform(ctx, s.Scenario, *o.outputs, true)
}

// dryRun prints what a run would do, and what it would change in which cluster.
func (p *Program) dryRun(s *scenario.Scenario) error {
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
