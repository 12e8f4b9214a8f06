package main

import (
	"errors"
	"fmt"

	"nodrop/loadgen"
	"nodrop/loadgen/safetext"
	"nodrop/scenario/file"
)

// complain writes one line, and one more where there is something to do.
func (p *program) complain(err error) {
	if faults, ok := errors.AsType[file.Faults](err); ok {
		fmt.Fprintln(p.stderr, faults) // as editors and CI read them
		return
	}
	fmt.Fprintf(p.stderr, "nodrop: %s\n", printable(err))
	if hinted, ok := errors.AsType[*loadgen.HintError](err); ok {
		fmt.Fprintf(p.stderr, "hint: %s\n", safetext.CleanLine(safetext.MaskText(hinted.Hint)))
	}
}

// printable is an error as others may read it, in one line and without secrets.
func printable(err error) string { return safetext.CleanLine(safetext.MaskText(err.Error())) }
