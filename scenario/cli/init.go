package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/misuse"
	"nodrop/scenario/file"
)

type initOptions struct {
	*Program
	names  []string // names of kinds; must be exactly one
	output string
	toFile bool // --output was given
	force  bool
}

func (p *Program) initCommand() *cobra.Command {
	o := &initOptions{Program: p}
	var known, lines []string
	for _, kind := range file.Kinds() {
		known = append(known, kind.Name)
		lines = append(lines, cli.Row{Name: kind.Name, Text: kind.Short}.String())
	}
	cmd := &cobra.Command{
		Use:       "init KIND",
		Short:     "Print a scenario template: " + strings.Join(known, ", "),
		Long:      "Print a scenario template that runs unchanged. The kinds:\n\n" + strings.TrimSuffix(strings.Join(lines, ""), "\n"),
		Example:   "nodrop scenario init nginx >stop.yaml\nnodrop scenario init kube --output gateway.yaml",
		Args:      cobra.ArbitraryArgs,
		ValidArgs: known,
	}
	cmd.Flags().StringVar(&o.output, "output", "", "write the template to this file")
	cmd.Flags().BoolVar(&o.force, "force", false, "with --output: replace an existing file")
	cli.GroupOutput.Hold(cmd.Flags(), "output FILE", "force")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.names, o.toFile = args, cmd.Flags().Changed("output")
		return o.run("kinds: " + strings.Join(known, ", "))
	}
	return cmd
}

// run prints the template of a kind, or writes it to a file. hint lists the
// kinds.
func (o *initOptions) run(hint string) error {
	if len(o.names) != 1 {
		return &misuse.Error{Problem: fmt.Sprintf("scenario init: want one kind, got %d", len(o.names)), Hint: hint}
	}
	kinds := file.Kinds()
	i := slices.IndexFunc(kinds, func(kind file.Kind) bool { return kind.Name == o.names[0] })
	switch {
	case i < 0:
		return &misuse.Error{Problem: fmt.Sprintf("scenario init: unknown kind %q", o.names[0]), Hint: hint}
	case o.toFile:
		return create(o.output, kinds[i].Text, o.force)
	case o.force:
		return errors.New("--force: only with --output FILE")
	}
	_, err := io.WriteString(o.Out, kinds[i].Text)
	return err
}

// create writes a new file. It overwrites an existing one only if replace is
// set.
func create(path, text string, replace bool) error {
	if path == "" {
		return errors.New("--output: no file given")
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if replace {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o666)
	switch {
	case errors.Is(err, os.ErrExist):
		return &misuse.Error{Problem: fmt.Sprintf("--output %s: the file already exists", path), Hint: "add --force to replace it"}
	case err != nil:
		return fmt.Errorf("--output %s: %w", path, reason(err))
	}
	_, err = io.WriteString(f, text)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("--output %s: %w", path, reason(err))
	}
	return nil
}

// reason strips the path from a file error: the caller names the file.
func reason(err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return pathErr.Err
	}
	return err
}
