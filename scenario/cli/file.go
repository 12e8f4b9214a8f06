package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/misuse"
	"nodrop/scenario"
	"nodrop/scenario/file"
)

// fileOptions holds the arguments of commands that read a scenario file.
type fileOptions struct {
	*Program
	files                 []string // must be exactly one
	set, variants, checks []string
	repeat                int
	find                  *findFlags // nil for a command that does not search
}

func (o *fileOptions) setFlag(fs *pflag.FlagSet) {
	fs.StringArrayVar(&o.set, "set", nil, "value of the variable ${NAME}; repeatable")
	cli.GroupScenario.Hold(fs, "set NAME=VALUE")
}

// plan is what a file says to do.
type plan struct {
	*scenario.Scenario // of a search: that of its least value
	search             *file.Search
	with               func(value string) (*scenario.Scenario, error) // the scenario of a search with another value
}

// read reads the file. It prints the faults it finds itself, in a form that editors
// and CI understand.
func (o *fileOptions) read(ctx context.Context) (*plan, error) {
	if len(o.files) != 1 {
		return nil, fmt.Errorf("scenario: want one file, got %d", len(o.files))
	}
	if err := o.Validate(o.checks); err != nil {
		return nil, err
	}
	if o.repeat > scenario.MaxRepeat {
		return nil, fmt.Errorf("--repeat %d: must be 1 to %d", o.repeat, scenario.MaxRepeat)
	}
	options, err := o.options()
	if err != nil {
		return nil, err
	}
	source, err := unlessEnded(ctx, func() (*file.Source, error) { return file.Open(o.files[0]) })
	if err != nil {
		return nil, err
	}
	p := &plan{}
	p.with = func(value string) (*scenario.Scenario, error) {
		one := options
		one.Value = value
		s, search, err := source.Scenario(one)
		p.search = search
		return s, err
	}
	if p.Scenario, err = p.with(""); err == nil && p.search != nil {
		err = p.checkRange()
	}
	if faults, ok := errors.AsType[file.Faults](err); ok && ctx.Err() == nil {
		fmt.Fprintln(o.Err, faults)
		return nil, cli.Exit(cli.ExitMisuse)
	}
	return p, err
}

// checkRange refuses values that the scenario does not take: those at both ends,
// and those between them, by the step.
func (p *plan) checkRange() error {
	r := p.search.Range
	for _, value := range []int64{r.From + r.Step, r.To} {
		if _, err := p.with(r.Text(value)); err != nil {
			return err
		}
	}
	return nil
}

func (o *fileOptions) options() (file.Options, error) {
	set, err := o.values()
	options := file.Options{
		Set: set, Variants: o.variants, Repeat: o.repeat, FailIf: o.checks, LookupEnv: os.LookupEnv,
		ParseCheck: func(text string) error { return o.Validate([]string{text}) },
	}
	if err == nil && o.find != nil && o.find.set.Changed("find") {
		options.Find, err = o.find.search()
	}
	if options.Find != nil {
		if _, both := set[options.Find.Var]; both {
			err = fmt.Errorf("--set %s: not with --find %s, which sets it", options.Find.Var, options.Find.Var)
		}
	}
	return options, err
}

// values returns the variables that --set defines.
func (o *fileOptions) values() (map[string]string, error) {
	values := map[string]string{}
	for _, text := range o.set {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, &misuse.Error{Problem: fmt.Sprintf("--set %q: want NAME=VALUE", name), Hint: "--set HOST=10.0.0.1"}
		}
		values[name] = value
	}
	return values, nil
}

// unlessEnded returns what do returns, or ctx's error if ctx ends first: the file
// may be a pipe that nothing is ever written to.
func unlessEnded[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := do()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
