package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/misuse"
	"nodrop/loadgen/pattern"
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
		Long:      "Print a scenario template that runs unchanged, or write it to a file, with the\nJSON Schema for editors beside it. The kinds:\n\n" + strings.TrimSuffix(strings.Join(lines, ""), "\n"),
		Example:   "nodrop scenario init nginx >stop.yaml\nnodrop scenario init kube --output gateway.yaml",
		Args:      cobra.ArbitraryArgs,
		ValidArgs: known,
	}
	cmd.Flags().StringVar(&o.output, "output", "", "write the template to this file, and "+file.SchemaFile+" beside it")
	cmd.Flags().BoolVar(&o.force, "force", false, "with --output: replace existing files")
	cli.GroupOutput.Hold(cmd.Flags(), "output FILE", "force")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.names, o.toFile = args, cmd.Flags().Changed("output")
		return o.run(cmd.Context(), "kinds: "+strings.Join(known, ", "))
	}
	return cmd
}

// run prints the template of a kind, or writes it to a file. hint lists the
// kinds.
func (o *initOptions) run(ctx context.Context, hint string) error {
	if len(o.names) != 1 {
		return &misuse.Error{Problem: fmt.Sprintf("scenario init: want one kind, got %d", len(o.names)), Hint: hint}
	}
	kinds := file.Kinds()
	i := slices.IndexFunc(kinds, func(kind file.Kind) bool { return kind.Name == o.names[0] })
	switch {
	case i < 0:
		return &misuse.Error{Problem: fmt.Sprintf("scenario init: unknown kind %q", o.names[0]), Hint: hint}
	case o.force && !o.toFile:
		return errors.New("--force: only with --output FILE")
	case o.output == "-":
		return &misuse.Error{Problem: "--output -: not a file name", Hint: "leave out --output to print the template"}
	case filepath.Base(o.output) == file.SchemaFile:
		return fmt.Errorf("--output %s: the schema gets this name, beside the template", o.output)
	}
	text, moved := onFreePorts(ctx, kinds[i].Text())
	err := o.write(text)
	if err == nil {
		_, err = io.WriteString(o.Err, moved)
	}
	return err
}

// write prints the template, or writes it to a file and, beside it, the schema
// that its first line names.
func (o *initOptions) write(text string) error {
	if !o.toFile {
		_, err := io.WriteString(o.Out, text)
		return err
	}
	if err := create(o.output, text, o.force); err != nil {
		return err
	}
	err := createSchema(filepath.Join(filepath.Dir(o.output), file.SchemaFile), o.force)
	if err != nil && !o.force {
		_ = os.Remove(o.output) // it is new
	}
	return err
}

// createSchema writes the schema, unless it is there already. It replaces that of
// another version of nodrop.
func createSchema(path string, replace bool) error {
	there, err := os.ReadFile(path)
	switch {
	case err == nil && string(there) == file.Schema:
		return nil
	case err == nil && bytes.Contains(there, []byte(`"$id": "`+file.SchemaFile+`"`)):
		replace = true
	}
	return create(path, file.Schema, replace)
}

// portLine is a line of a template's vars that names a port.
var portLine = pattern.Lazy(`(?m)^  [A-Z]+: "(\d{4,5})"`)

// firstEphemeral is where the ports begin that Linux hands out to clients: one of
// those may be taken by the load itself.
const firstEphemeral = 32768

// onFreePorts returns the template with other ports in place of those that are
// in use, with which a run would end before it begins, and a line for each.
func onFreePorts(ctx context.Context, text string) (placed, moved string) {
	var ports []int
	for _, line := range portLine().FindAllStringSubmatch(text, -1) {
		port, _ := strconv.Atoi(line[1]) // the pattern allows only digits
		ports = append(ports, port)
	}
	slices.Sort(ports)
	for _, port := range ports {
		if isFree(ctx, port) {
			continue
		}
		other := ports[len(ports)-1] + 1
		for other < firstEphemeral && !isFree(ctx, other) {
			other++
		}
		if other >= firstEphemeral {
			break // the run says what holds the port
		}
		ports = append(ports, other)
		moved += fmt.Sprintf("nodrop: port %d is in use; the template uses %d instead\n", port, other)
		text = strings.ReplaceAll(text, fmt.Sprintf("%q", strconv.Itoa(port)), fmt.Sprintf("%q", strconv.Itoa(other)))
	}
	return text, moved
}

// isFree reports whether a server can listen at a port of the loopback address.
func isFree(ctx context.Context, port int) bool {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
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
