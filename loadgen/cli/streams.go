package cli

import (
	"errors"
	"fmt"
	"io"

	"nodrop/loadgen"
	"nodrop/loadgen/safetext"
)

// Streams are where a command reads, and where it writes. Only reports go to Out.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer // what is unsafe on a terminal does not get to Err
	RawErr   io.Writer // Err for what is ours alone
}

// Complain writes one line, and one more where there is something to do.
func (s *Streams) Complain(err error) {
	fmt.Fprintf(s.Err, "nodrop: %s\n", Printable(err))
	if hinted, ok := errors.AsType[*loadgen.HintError](err); ok {
		fmt.Fprintf(s.Err, "hint: %s\n", safetext.CleanLine(safetext.MaskText(hinted.Hint)))
	}
}

// Printable is an error as others may read it, in one line and without secrets.
func Printable(err error) string { return safetext.CleanLine(safetext.MaskText(err.Error())) }
