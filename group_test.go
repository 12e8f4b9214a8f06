package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nodrop/loadgen/cli"
)

// everyCommand calls visit with each command of nodrop.
func everyCommand(visit func(*cobra.Command)) {
	root := newProgram(nil, cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, RawErr: io.Discard}).command()
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Hidden || cmd.Name() == "" {
			return
		}
		visit(cmd)
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk(root)
}

// TestFlagsAreGrouped checks that help can show every flag: each is in a group,
// and has a name for its value if it takes one.
func TestFlagsAreGrouped(t *testing.T) {
	everyCommand(func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden {
				return
			}
			if !slices.Contains(cli.Groups(), cli.GroupOf(f)) {
				t.Errorf("%s: --%s is in no group", cmd.CommandPath(), f.Name)
			}
			if takes := f.Value.Type() != "bool"; takes != (cli.ValueName(f) != "") {
				t.Errorf("%s: --%s: value name %q of a %s", cmd.CommandPath(), f.Name, cli.ValueName(f), f.Value.Type())
			}
		})
	})
}
