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

// sayBound is how long a line may take: whoever reads stderr may not, and signals
// are to be heeded all the same.
const sayBound = time.Second

// Say tells whoever waits what is going on, beside the progress line.
func (p *Program) Say(line string) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		if _, ok := terminal(p.RawErr); ok {
			fmt.Fprint(p.RawErr, wipe)
		}
		fmt.Fprintf(p.Err, "nodrop: %s\n", safetext.MaskText(line))
	}()
	select {
	case <-said:
	case <-time.After(sayBound):
	}
}

// ErrInterrupted is all there is to say when no load has begun.
var ErrInterrupted = errors.New("interrupted before anything was started")

// LastWords are those of a program that is ended at once. left is what it leaves
// as it is; begun, that there was something to restore.
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

// terminal is the stream as the terminal that it is.
func terminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}
