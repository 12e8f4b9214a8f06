package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"nodrop/loadgen"
	"nodrop/loadgen/misuse"
	"nodrop/loadgen/safetext"
)

// Streams are what a command reads from and writes to. Only reports go to Out.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer // Err drops whatever is unsafe on a terminal
	RawErr   io.Writer // Err unfiltered, for another load generator
}

// Complain prints an error on one line, and a hint on the next if there is one.
func (s *Streams) Complain(err error) {
	_, hint := inFlags(err)
	fmt.Fprintf(s.Err, "nodrop: %s\n", Printable(err))
	if hint != "" {
		fmt.Fprintf(s.Err, "hint: %s\n", printable(hint))
	}
}

// Printable returns an error's text on one line, without secrets. It calls
// options by their flags.
func Printable(err error) string {
	problem, _ := inFlags(err)
	return printable(problem)
}

func printable(text string) string { return safetext.CleanLine(safetext.MaskText(text)) }

// inFlags returns an error's text and its hint, if any, with flags as the names
// of options.
func inFlags(err error) (problem, hint string) {
	problem = err.Error()
	if hinted, ok := errors.AsType[*misuse.Error](err); ok {
		hint = hinted.Hint
	}
	if option, ok := errors.AsType[*loadgen.OptionError](err); ok {
		problem = named(problem, option)
		hint = option.Hint(flagName)
	}
	return problem, hint
}

// named calls an option in a text by its flag. The error may be wrapped, and the
// text masked as a whole.
func named(problem string, option *loadgen.OptionError) string {
	for _, text := range []string{option.Error(), safetext.MaskText(option.Error())} {
		if strings.Contains(problem, text) {
			return strings.Replace(problem, text, option.Problem(flagName), 1)
		}
	}
	return problem
}
