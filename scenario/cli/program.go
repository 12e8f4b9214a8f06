package cli

import (
	"io"

	"github.com/spf13/pflag"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/record"
	"nodrop/scenario"
)

// Program is what the commands need of the program that they are part of.
type Program struct {
	cli.Streams
	Reports
	Interrupts *scenario.Interrupts
	ByHand     *scenario.ByHand
	Unlisten   func()   // ends ByHand
	Args       []string // as they were given
	// InNamespace is set where the lab's network namespace is this process's.
	InNamespace bool

	logs logs
}

// Reports is what becomes of recordings. It is handed in: nothing here knows of
// reports.
type Reports struct {
	OutputFlag func(*pflag.FlagSet) *[]string         // defines -o
	Validate   func(checks []string) error            // refuses those that cannot be read
	Open       func(formats []string) (Output, error) // of what -o says
	// Beside writes what was seen beside another load generator.
	Beside func(w io.Writer, marks []record.Mark, kernel string) error
	// Fit is text of at most so many columns.
	Fit func(text string, columns int) string
}

// Output is where a report goes, opened before the load starts.
type Output interface {
	// Sinks get every request as it ends.
	Sinks() []record.Sink
	// Report writes the report of a recording, and is the exit code that it calls
	// for.
	Report(recording *record.Recording) (code int)
	// Discard removes what was not put in its place.
	Discard()
}
