package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nodrop/loadgen"
	"nodrop/loadgen/cli"
	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record/product"
	"nodrop/scenario"
	"nodrop/scenario/kube/fix"
	"nodrop/scenario/prove"
)

const proveHelp = `Run an event that loses requests, change the setting that the report names, and
run it again: is it fixed? nodrop shows each change and asks. Afterwards the
target is as before, unless --keep is given. The last line of the report begins
with fixed (exit 0), better, no change, worse (1) or cannot tell (3).

The event is one of the flags below, or the first variant of a scenario file.`

const proveExamples = `nodrop prove --restart deployment/gateway -o patch=fix.yaml http://gw.example/
nodrop prove --variant off --yes asm.yaml`

type proveOptions struct {
	fileOptions
	flags         *pflag.FlagSet
	load          *cli.LoadFlags
	during        *duringFlags
	rounds        int
	outputs       *[]string
	gateway       func() ([]string, error)
	ofLoad        []string // names of the flags that only a URL takes
	keep, repeats bool     // --keep, and whether --repeat was given
}

// Prove is the command nodrop prove.
func (p *Program) Prove() *cobra.Command {
	o := &proveOptions{fileOptions: fileOptions{Program: p}}
	cmd := &cobra.Command{
		Use:     "prove URL|FILE",
		Short:   "Change what loses requests, and prove that it is fixed",
		Long:    proveHelp,
		Example: proveExamples,
		Args:    cobra.ArbitraryArgs,
	}
	fs := cmd.Flags()
	o.flags = fs
	fs.IntVar(&o.rounds, "rounds", defaultRounds, roundsUsage)
	fs.IntVar(&o.repeat, "repeat", 1, "run with and without each change this often, in turns; telling a difference from chance needs at least 4")
	cli.GroupProof.Hold(fs, "rounds N", "repeat N")
	o.defineLoad(fs)
	o.setFlag(fs)
	fs.StringArrayVar(&o.variants, "variant", nil, "variant of the file to prove, instead of the first")
	cli.GroupScenario.Hold(fs, "variant NAME")
	o.outputs = p.Proof.OutputFlag(fs)
	p.defineProgress(fs)
	o.gateway = cli.GatewayFlag(fs)
	p.verboseFlag(fs)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.files, o.repeats = args, fs.Changed("repeat")
		return o.run(cmd.Context())
	}
	return cmd
}

// defineLoad defines the flags of a load and its event. They are those of a plain
// load, except that --keep is about the change, and that a command is no event
// here: it does not say what it changes.
func (o *proveOptions) defineLoad(fs *pflag.FlagSet) {
	before := map[string]bool{}
	fs.VisitAll(func(f *pflag.Flag) { before[f.Name] = true })
	o.during = &duringFlags{set: fs}
	o.during.define(fs)
	o.load = cli.NewLoadFlags(fs, loadgen.DefaultOptions())
	o.load.Stdin = o.In
	o.during.settle = changedSettle
	settle := fs.Lookup("settle")
	settle.Usage, settle.DefValue = "keep the load running until this long after the event is over", o.during.settle.String()
	fs.Lookup("keep").Usage = "leave the change that helped in force, instead of restoring the target"
	fs.VisitAll(func(f *pflag.Flag) {
		if !before[f.Name] && f.Name != "keep" && f.Name != "yes" {
			o.ofLoad = append(o.ofLoad, f.Name)
		}
		f.Usage = strings.TrimSuffix(f.Usage, "; lost requests fail the run")
	})
}

func (o *proveOptions) run(ctx context.Context) error {
	if err := o.check(); err != nil {
		return err
	}
	s, err := o.scenario(ctx)
	if err != nil {
		return err
	}
	products, err := o.gateway()
	if err != nil {
		return err
	}
	event := s.Variants[0]
	event.Products = product.Add(event.Products, products...)
	event.Gate = append(slices.Clip(event.Gate), &prove.Calm{Load: s.Streams[0].Load})
	fixer, err := fix.For(event)
	if err != nil {
		return err
	}
	s.Variants = s.Variants[:1]
	if err := o.confirm(ctx, s, *o.during.yes); err != nil {
		return err
	}
	s.Variants = nil
	fixer.Look(ctx)
	proof := &prove.Proof{Scenario: *s, Event: event, Fixer: fixer, Rounds: o.rounds, Repeat: o.repeat, Keep: o.keep}
	proof.Approve = o.approve
	out, err := o.Proof.Open(*o.outputs)
	if err != nil {
		return err
	}
	return o.proveInto(ctx, proof, out, patchFile(*o.outputs))
}

func (o *proveOptions) check() error {
	if len(o.files) != 1 {
		return &misuse.Error{Problem: fmt.Sprintf("prove: want one URL or scenario file, got %d", len(o.files)), Hint: "nodrop prove --restart deployment/NAME http://HOST/, or nodrop prove FILE"}
	}
	if o.repeat < 1 || o.repeat > scenario.MaxRepeat {
		return fmt.Errorf("--repeat %d: must be 1 to %d", o.repeat, scenario.MaxRepeat)
	}
	if err := checkRounds(o.rounds); err != nil {
		return err
	}
	return o.Proof.Formats(*o.outputs)
}

// isFile reports whether the argument names a scenario file.
func isFile(arg string) bool {
	if strings.Contains(arg, "://") {
		return false
	}
	info, err := os.Stat(arg)
	return strings.HasSuffix(arg, ".yaml") || strings.HasSuffix(arg, ".yml") || err == nil && !info.IsDir()
}

// scenario returns the event and its load. Its first variant is the target as it
// is.
func (o *proveOptions) scenario(ctx context.Context) (*scenario.Scenario, error) {
	o.takeKeep()
	if isFile(o.files[0]) {
		return o.ofFile(ctx)
	}
	for _, name := range []string{"set", "variant"} {
		if o.flags.Changed(name) {
			return nil, &misuse.Error{Problem: "--" + name + ": only with a scenario file", Hint: "nodrop prove FILE"}
		}
	}
	return o.ofURL()
}

// takeKeep takes --keep, which is not about the number of replicas here.
func (o *proveOptions) takeKeep() {
	flag := o.flags.Lookup("keep")
	o.keep = flag.Value.String() == "true"
	_ = flag.Value.Set("false") // it is a boolean
	flag.Changed = false
}

func (o *proveOptions) ofFile(ctx context.Context) (*scenario.Scenario, error) {
	for _, name := range o.ofLoad {
		if o.flags.Changed(name) {
			return nil, &misuse.Error{Problem: cli.Dashed(name) + ": not with a scenario file, which describes the load and the event", Hint: "change it in the file, or with --set"}
		}
	}
	if len(o.variants) > 1 {
		return nil, errors.New("--variant: name the one variant to prove")
	}
	if !o.repeats {
		o.repeat = 0
	}
	file, err := o.read(ctx)
	if err != nil {
		return nil, err
	}
	if file.search != nil {
		return nil, &misuse.Error{Problem: "prove: the file describes a search, which tries many values of its own", Hint: "run it with nodrop scenario run, or take search: out of it"}
	}
	s := file.Scenario
	o.repeat = max(1, s.Repeat)
	s.Settle = max(s.Settle, changedSettle)
	return s, nil
}

func (o *proveOptions) ofURL() (*scenario.Scenario, error) {
	cfg, err := o.load.Config(o.files[0])
	if err != nil {
		return nil, err
	}
	s := &scenario.Scenario{Streams: []scenario.Stream{{Load: cfg}}, Variants: []scenario.Variant{{}}}
	step, err := o.during.step()
	if err == nil && step == nil {
		err = &misuse.Error{Problem: "prove: no event is given", Hint: "add --restart deployment/NAME or --scale deployment/NAME=1, or name a scenario file"}
	}
	if err != nil {
		return nil, err
	}
	return s, o.during.addTo(s)
}

// approve shows a change and asks, unless --yes was given or it cannot be made
// anyway.
func (o *proveOptions) approve(ctx context.Context, fix *prove.Fix) (string, error) {
	o.announce(fix)
	if *o.during.yes || fix.Refused != "" {
		return "", nil
	}
	in, ok := terminal(o.In)
	if !ok {
		return "", errors.New("cannot ask whether to make the change: stdin is not a terminal")
	}
	fmt.Fprint(o.Err, "Make this change and run again? [y/N] ")
	answer, err := unlessEnded(ctx, func() (string, error) {
		line, _ := bufio.NewReader(in).ReadString('\n') // the end of input says no
		return strings.ToLower(strings.TrimSpace(line)), nil
	})
	if err != nil || slices.Contains([]string{"y", "yes"}, answer) {
		return "", err
	}
	return "you declined", nil
}
