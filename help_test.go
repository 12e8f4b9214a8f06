package main

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"mvdan.cc/sh/v3/shell"

	"nodrop/loadgen/cli"
)

// newCommand returns the root of all commands, which prints to out.
func newCommand(out io.Writer) *cobra.Command {
	return newProgram(nil, cli.Streams{In: strings.NewReader(""), Out: out, Err: io.Discard, RawErr: io.Discard}).command()
}

// commandsBelow lists a command and all below it.
func commandsBelow(cmd *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		if !c.Hidden && c.Name() != "" {
			list = append(list, commandsBelow(c)...)
		}
	}
	return list
}

// TestFlagsAreGrouped checks that help can show every flag: each is in a group,
// and has a name for its value if it takes one.
func TestFlagsAreGrouped(t *testing.T) {
	for _, cmd := range commandsBelow(newCommand(io.Discard)) {
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
	}
}

// TestHelp checks that the help of every command fits a terminal, shows all its
// flags, and has examples that nodrop accepts.
func TestHelp(t *testing.T) {
	var out bytes.Buffer
	root := newCommand(&out)
	for _, cmd := range commandsBelow(root) {
		out.Reset()
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if n := utf8.RuneCountInString(line); n > 80 || strings.HasSuffix(line, " ") {
				t.Errorf("%s --help: %d columns: %q", cmd.CommandPath(), n, line)
			}
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if shown := strings.Contains(out.String(), "  "+cli.Dashed(f.Name)) || strings.Contains(out.String(), ", --"+f.Name); shown == f.Hidden {
				t.Errorf("%s --help: flag %s: shown %t", cmd.CommandPath(), f.Name, shown)
			}
		})
		if cmd.Example == "" && cmd.Name() != "help" { // its topics are its examples
			t.Errorf("%s --help has no example", cmd.CommandPath())
		}
		for example := range strings.Lines(cmd.Example) {
			tryExample(t, cmd, strings.TrimSpace(example))
		}
	}
}

var redirection = regexp.MustCompile(` >\S.*`)

// tryExample parses an example of a command, which may be of one below it.
func tryExample(t *testing.T, of *cobra.Command, example string) {
	t.Helper()
	_, line, found := strings.Cut(example, "nodrop ")
	if !found {
		t.Fatalf("%s: no call of nodrop", example)
	}
	line = redirection.ReplaceAllString(line, "")
	args, err := shell.Fields(strings.TrimSuffix(line, ")"), nil)
	if err != nil {
		t.Fatalf("%s: %v", example, err)
	}
	cmd, args, err := newCommand(io.Discard).Find(args)
	if err == nil {
		err = cmd.ParseFlags(cli.NormalizeArgs(args, cmd.Flags()))
	}
	if err != nil || !strings.HasPrefix(cmd.CommandPath(), of.CommandPath()) {
		t.Errorf("%s: an example of %s, not of %s: %v", example, cmd.CommandPath(), of.CommandPath(), err)
	}
}
