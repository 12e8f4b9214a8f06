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
}

func (o *fileOptions) setFlag(fs *pflag.FlagSet) {
	fs.StringArrayVar(&o.set, "set", nil, "value of the variable ${NAME}; repeatable")
	cli.GroupScenario.Hold(fs, "set NAME=VALUE")
}

// read reads the file. It prints the faults it finds itself, in a form that editors
// and CI understand.
func (o *fileOptions) read(ctx context.Context) (*scenario.Scenario, error) {
	if len(o.files) != 1 {
		return nil, fmt.Errorf("scenario: want one file, got %d", len(o.files))
	}
	if err := o.Validate(o.checks); err != nil {
		return nil, err
	}
	if o.repeat > scenario.MaxRepeat {
		return nil, fmt.Errorf("--repeat %d: must be 1 to %d", o.repeat, scenario.MaxRepeat)
	}
	set, err := o.values()
	if err != nil {
		return nil, err
	}
	s, err := unlessEnded(ctx, func() (*scenario.Scenario, error) {
		return file.Load(o.files[0], file.Options{
			Set: set, Variants: o.variants, Repeat: o.repeat, FailIf: o.checks, LookupEnv: os.LookupEnv,
			ParseCheck: func(text string) error { return o.Validate([]string{text}) },
		})
	})
	if faults, ok := errors.AsType[file.Faults](err); ok && ctx.Err() == nil {
		fmt.Fprintln(o.Err, faults)
		return nil, cli.Exit(cli.ExitMisuse)
	}
	return s, err
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
