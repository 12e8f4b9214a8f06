package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"nodrop/loadgen"
	"nodrop/loadgen/cli"
	"nodrop/loadgen/misuse"
	"nodrop/loadgen/safetext"
	"nodrop/scenario"
)

const loadHelp = `nodrop sends HTTP load as hey does and counts every request that was lost. It
can take replicas of the target away meanwhile, and reports what was lost, when
and why, and what to change.`

const loadExamples = `nodrop -n 10000 -c 100 http://localhost:8080/
nodrop -z 60s -c 20 --scale deployment/gateway=1 http://gateway.example/`

type loadOptions struct {
	*Program
	urls            []string // must be exactly one
	load            *cli.LoadFlags
	during          *duringFlags
	gateway         func() ([]string, error)
	checks, outputs *[]string
}

// Load is the plain command, nodrop URL, compatible with hey.
func (p *Program) Load() *cobra.Command {
	o := &loadOptions{Program: p}
	cmd := &cobra.Command{
		Use:     "nodrop [flags] URL",
		Short:   "Send HTTP load like hey, and report exactly what was lost",
		Long:    loadHelp,
		Example: loadExamples,
		Version: cli.VersionLine(),
		Args:    cobra.ArbitraryArgs,
	}
	fs := cmd.Flags()
	o.during = newDuringFlags(fs)
	o.outputs = p.OutputFlag(fs)
	p.defineProgress(fs)
	o.checks = cli.FailIfFlag(fs)
	o.gateway = cli.GatewayFlag(fs)
	o.load = cli.NewLoadFlags(fs, loadgen.DefaultOptions())
	o.load.Stdin = p.In
	fs.Lookup("D").Usage += "; - reads standard input" // only here
	p.verboseFlag(fs)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.urls = args
		return o.run(cmd.Context())
	}
	return cmd
}

func (o *loadOptions) run(ctx context.Context) error {
	s, err := o.scenario()
	if err != nil {
		return err
	}
	if err := o.confirm(ctx, s, *o.during.yes); err != nil {
		return err
	}
	o.quiet = len(s.Variants[0].Timeline) == 0
	return o.perform(ctx, s, *o.outputs, false)
}

// scenario describes the load and the event beside it.
func (o *loadOptions) scenario() (*scenario.Scenario, error) {
	url, err := o.url()
	if err != nil {
		return nil, err
	}
	if err := o.Validate(*o.checks); err != nil {
		return nil, err
	}
	if err := o.Formats(*o.outputs); err != nil {
		return nil, err
	}
	cfg, err := o.load.Config(url)
	if err != nil {
		return nil, err
	}
	products, err := o.gateway()
	if err != nil {
		return nil, err
	}
	s := &scenario.Scenario{
		Streams:  []scenario.Stream{{Load: cfg}},
		Variants: []scenario.Variant{{FailIf: *o.checks, Products: products}},
	}
	return s, o.during.addTo(s)
}

func (o *loadOptions) url() (string, error) {
	switch len(o.urls) {
	case 0:
		return "", &misuse.Error{Problem: "no URL given", Hint: "nodrop -n 200 -c 50 http://HOST/, or nodrop --help"}
	case 1:
		return o.urls[0], nil
	}
	var shown []string
	for _, url := range o.urls {
		shown = append(shown, safetext.MaskURL(url))
	}
	return "", fmt.Errorf("want one URL, got %d: %s", len(shown), strings.Join(shown, " "))
}
