// Package action holds what a step of a scenario can do to a target that is not
// a fleet of our own: run commands, send signals, start and stop processes, ask
// admin endpoints, wait.
//
// Each action is a plain struct that a scenario file or a command line fills
// in. Its zero values are the defaults its fields name. An action can be run
// again once it has been undone: a scenario repeats.
//
// The invariant: what Run started or changed and Undo has not put back is told
// by an error, and no process outlives the program, however that ends.
package action

import (
	"time"

	"nodrop/loadgen"
)

// Command is a program to run, or a line for the shell; one of the two is set.
type Command struct {
	Argv  []string
	Shell string   // for sh -c (cmd /c on Windows)
	Env   []string // NAME=value, added to our own environment
	Dir   string   // "" is ours
}

// Exec runs a command and waits for its end. Any exit code but 0 is an error
// that shows the end of its output.
type Exec struct {
	Command
	Timeout time.Duration // 0: a minute; the process group is killed then
	UndoBy  *Exec         // puts back what the command changed; nil: there is nothing to put back
	// Still prints what the command changed. It runs after the command and
	// before UndoBy; when the two outputs differ, someone else has changed it
	// since, and it is reported and left as it is.
	Still *Exec
}

// Signal sends a signal to one process, named in one of three ways.
type Signal struct {
	Name    string // TERM, QUIT, USR1, …, with or without SIG
	PID     int
	PIDFile string
	Process string // that a Start of this scenario started
	// Gone > 0: the action lasts until the process has exited, which is an error
	// after that long.
	Gone time.Duration
}

// Start starts a long-running process and waits until it is ready. Undo stops
// it, as Stop with the same values would.
type Start struct {
	Name string // that Signal, Stop and marks call it
	Command
	Ready Probe         // the zero Probe: ready when started
	Stop  string        // signal that Undo sends; "" is TERM
	Grace time.Duration // from that signal to KILL; 0: 10 s
}

// Stop ends a process that Start started and waits until it has exited.
type Stop struct {
	Process string
	Signal  string        // "" is TERM
	Grace   time.Duration // then KILL, which is an error; 0: 10 s
}

// HTTP sends one request, to an admin endpoint for instance.
type HTTP struct {
	Method  string // "" is GET, or POST with a body
	URL     string
	Header  []string // "Name: value"
	Body    string
	Status  loadgen.StatusSet // expected; "" is 2xx
	Timeout time.Duration     // 0: 10 s
	UndoBy  *HTTP
	Still   *HTTP // as Exec's, over the bodies of the answers
}

// Wait waits for a time to pass, or until a probe succeeds; one of the two is
// set.
type Wait struct {
	For   time.Duration
	Until Probe
}

// Probe asks again and again until it gets what it wants. One of the first four
// is set.
type Probe struct {
	TCP  string // HOST:PORT accepts a connection
	HTTP *HTTP  // is answered with an expected status
	Exec *Exec  // exits with 0
	Line string // the process of a Start prints a line that contains it

	Every   time.Duration // 0: 100 ms
	Timeout time.Duration // of all tries together; 0: 30 s
}

// Mark does nothing: its step is the mark.
type Mark struct{}
