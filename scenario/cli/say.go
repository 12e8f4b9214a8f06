package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"nodrop/loadgen/safetext"
)

// sayBound limits how long Say waits for stderr: signals must be handled even
// if nobody reads it.
const sayBound = time.Second

// Say prints a message to the waiting user.
func (p *Program) Say(line string) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		fmt.Fprintf(p.Err, "nodrop: %s\n", safetext.MaskText(line))
	}()
	select {
	case <-said:
	case <-time.After(sayBound):
	}
}

// ErrInterrupted is the error of an interrupt before any load has begun.
var ErrInterrupted = errors.New("interrupted before any load began")

// LastWords returns the message for an immediate exit. left lists what is not
// restored; begun says that there was something to restore.
func LastWords(begun bool, left []string) string {
	switch {
	case len(left) > 0:
		return "interrupted: not restored: " + strings.Join(left, ", ")
	case begun:
		return "interrupted: exiting at once; nothing is left to restore"
	default:
		return ErrInterrupted.Error()
	}
}

// terminal returns a stream as a file and reports whether it is a terminal.
func terminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}
