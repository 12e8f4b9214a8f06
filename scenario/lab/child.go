package lab

import (
	"bufio"
	"fmt"
	"io"

	"nodrop/scenario/proc"
)

// The hidden first arguments that make the program a child of the lab.
const (
	backendCommand = "lab-backend"
	gatewayCommand = "lab-gateway"
)

// What children say on stdout, one line each: a word and an argument.
const (
	sayReady          = "ready"           // the address it listens on
	sayDraining       = "draining"        // the clock when every response began to say Connection: close
	sayListenerClosed = "listener-closed" // the clock right after the listener was closed
)

// Exit codes of children.
const (
	exitDone   = 0
	exitCut    = 1 // the grace was over before what was in flight
	exitMisuse = 2 // bad arguments, or it cannot listen
	exitOrphan = 3 // the control pipe ended: the parent is gone
)

// child is what a child process is given.
type child struct {
	args   []string
	stdin  io.Reader // the control pipe: its end means that the parent is gone
	stdout io.Writer
	stderr io.Writer
}

// Main runs a lab child, or the guardian, when args name one: handled is false for anything else.
// args are os.Args[1:].
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int, handled bool) {
	if len(args) == 0 {
		return 0, false
	}
	c := child{args: args[1:], stdin: stdin, stdout: stdout, stderr: stderr}
	switch args[0] {
	case backendCommand:
		return runBackend(c), true
	case gatewayCommand:
		return runBuiltin(c), true
	}
	return proc.Main(args, stdin, stdout, stderr)
}

// say prints one line of the protocol.
func (c child) say(word string, arg any) { fmt.Fprintln(c.stdout, word, arg) }

// complain prints one line for people and returns the exit code of misuse.
func (c child) complain(err error) int {
	fmt.Fprintln(c.stderr, err)
	return exitMisuse
}

// stopRequest is something a replica is asked to do. Its text is the line that
// asks for it on the control pipe, where there are no signals.
type stopRequest string

const (
	requestDrain stopRequest = "drain" // go on accepting, answer everything with Connection: close
	requestTerm  stopRequest = "term"  // stop, in the replica's own way
)

// control reads the control pipe. gone is closed at its end.
// requests takes what is asked for; the parent asks for each thing once, so
// that its buffer is never full.
func (c child) control(requests chan<- stopRequest) (gone <-chan struct{}) {
	end := make(chan struct{})
	go func() {
		defer close(end)
		lines := bufio.NewScanner(c.stdin)
		for lines.Scan() {
			switch r := stopRequest(lines.Text()); r {
			case requestDrain, requestTerm:
				requests <- r
			}
		}
	}()
	return end
}
