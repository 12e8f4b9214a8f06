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

// What children write to stdout, one line each: a word and an argument.
const (
	sayReady          = "ready"           // the address it listens on
	sayDraining       = "draining"        // the clock when responses began to carry Connection: close
	sayListenerClosed = "listener-closed" // the clock right after the listener closed
)

// Exit codes of children.
const (
	exitDone   = 0
	exitCut    = 1 // the grace period ended with requests in flight
	exitMisuse = 2 // invalid arguments, or it cannot listen
	exitOrphan = 3 // the control pipe closed: the parent is gone
)

// child holds the arguments and streams of a child process.
type child struct {
	args   []string
	stdin  io.Reader // the control pipe: EOF means that the parent is gone
	stdout io.Writer
	stderr io.Writer
}

// Main runs a lab child or the guardian if args, which are os.Args[1:], name
// one; otherwise handled is false.
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

// say writes one line of the protocol.
func (c child) say(word string, arg any) { fmt.Fprintln(c.stdout, word, arg) }

// complain writes an error to stderr and returns the exit code for misuse.
func (c child) complain(err error) int {
	fmt.Fprintln(c.stderr, err)
	return exitMisuse
}

// stopRequest is a request to a replica. Its text is the line on the control
// pipe on systems without signals.
type stopRequest string

const (
	requestDrain stopRequest = "drain" // keep accepting, but respond with Connection: close
	requestTerm  stopRequest = "term"  // stop, in the replica's stop mode
)

// control reads requests from the control pipe and closes gone at its end. The
// parent sends each request once, so the buffer of requests never fills.
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
