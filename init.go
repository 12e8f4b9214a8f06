package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nodrop/loadgen"
	"nodrop/scenario/file"
)

func (p *program) initCommand() *cobra.Command {
	kinds := file.Kinds()
	var names, lines []string
	for _, kind := range kinds {
		names = append(names, kind.Name)
		lines = append(lines, fmt.Sprintf("  %-10s %s", kind.Name, kind.Short))
	}
	cmd := &cobra.Command{
		Use:   "init KIND",
		Short: "Print a scenario to begin with: " + strings.Join(names, ", "),
		Long:  "Print a scenario to begin with, which can be run as it is. The kinds:\n" + strings.Join(lines, "\n"),
		Args:  cobra.ArbitraryArgs,
	}
	output := cmd.Flags().String("output", "", "write it to this file")
	force := cmd.Flags().Bool("force", false, "with --output: replace a file that is there")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		known := "kinds: " + strings.Join(names, ", ")
		if len(args) != 1 {
			return &loadgen.HintError{Problem: fmt.Sprintf("scenario init: want one kind, got %d", len(args)), Hint: known}
		}
		i := slices.Index(names, args[0])
		switch {
		case i < 0:
			return &loadgen.HintError{Problem: fmt.Sprintf("scenario init: there is no kind %q", args[0]), Hint: known}
		case cmd.Flags().Changed("output"):
			return create(*output, kinds[i].Text, *force)
		case *force:
			return errors.New("--force: nothing is replaced without --output FILE")
		}
		_, err := io.WriteString(p.Out, kinds[i].Text)
		return err
	}
	return cmd
}

// create writes a file that is not there yet, unless it may be replaced.
func create(path, text string, replace bool) error {
	if path == "" {
		return errors.New("--output: no file named")
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if replace {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o666)
	switch {
	case errors.Is(err, os.ErrExist):
		return &loadgen.HintError{Problem: fmt.Sprintf("--output %s: it is there already", path), Hint: "--force replaces it"}
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

// reason leaves that of a file error; the caller names the file.
func reason(err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return pathErr.Err
	}
	return err
}
