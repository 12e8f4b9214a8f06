package cli

import (
	"io"

	"github.com/spf13/pflag"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/cli/progress"
	"nodrop/scenario/handmark"
)

// Program is the state that the commands share with the rest of nodrop.
type Program struct {
	cli.Streams
	Reports
	Interrupts *scenario.Interrupts
	ByHand     *scenario.ByHand
	Marks      handmark.Receiver // from nodrop mark, for ByHand
	Unlisten   func()            // stops ByHand
	Args       []string          // the command line
	// InNamespace is set in the child that runs in the lab's network namespace.
	InNamespace bool

	Screen *progress.Screen // under Err

	logs     logs
	environ  []string // of all commands and processes
	verbose  bool     // print everything that commands print
	progress progress.Mode
	rows     bool // written to stdout, a terminal, while the load runs
	quiet    bool // a plain load without an event: no progress is expected if it is short
	atMost   bool // how many runs there will be is known only as a bound
}

// Reports is all that scenarios know of reports: main passes it in, so that
// neither depends on the other.
type Reports struct {
	OutputFlag func(*pflag.FlagSet) *[]string         // defines -o on a flag set
	Validate   func(checks []string) error            // rejects checks that cannot be parsed
	Formats    func(formats []string) error           // rejects outputs in formats that do not exist
	Open       func(formats []string) (Output, error) // opens the outputs that -o names
	Proof      ProofReports
	// Judge returns the verdict on a recording and what to change.
	Judge func(recording *record.Recording) record.Judgement
	// Beside writes what the lab observed while another load generator ran.
	Beside func(w io.Writer, marks []record.Mark, kernel string) error
	// Fit shortens text to a number of columns.
	Fit func(text string, columns int) string
}

// ProofReports is the part of Reports for proofs, whose outputs have a patch, too.
type ProofReports struct {
	OutputFlag func(*pflag.FlagSet) *[]string
	Formats    func(formats []string) error
	Open       func(formats []string) (Output, error)
}

// Output writes one report. It is opened before the load starts.
type Output interface {
	// Sinks returns where the load writes each request as it ends.
	Sinks() []record.Sink
	// StreamsToStdout reports whether one of them is stdout.
	StreamsToStdout() bool
	// Report writes the report of a recording.
	Report(recording *record.Recording) error
	// Discard removes output that Report has not completed.
	Discard()
}
