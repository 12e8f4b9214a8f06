package cli

import (
	"errors"
	"fmt"
	"io"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/safetext"
)

// Streams are what a command reads from and writes to. Only reports go to Out.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer // Err drops whatever is unsafe on a terminal
	RawErr   io.Writer // Err unfiltered, for nodrop's own text such as cursor movements
}

// Complain prints an error on one line, and a hint on the next if there is one.
func (s *Streams) Complain(err error) {
	fmt.Fprintf(s.Err, "nodrop: %s\n", Printable(err))
	if hinted, ok := errors.AsType[*misuse.Error](err); ok {
		fmt.Fprintf(s.Err, "hint: %s\n", safetext.CleanLine(safetext.MaskText(hinted.Hint)))
	}
}

// Printable returns an error's text on one line, without secrets.
func Printable(err error) string { return safetext.CleanLine(safetext.MaskText(err.Error())) }
