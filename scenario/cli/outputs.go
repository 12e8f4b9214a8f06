package cli

import (
	"context"
	"io"
	"iter"
	"strings"
	"sync"
	"time"
)

// widestCommand is the maximum width of a command before its output, in columns.
const widestCommand = 60

// chunkBytes is about how much output is written at a time.
const chunkBytes = 64 << 10

// outputs prints what commands printed: one output after the other, beside the
// run, so that no event lasts longer because nobody reads stderr.
type outputs struct {
	program *Program

	mu   sync.Mutex    // guards last
	last chan struct{} // closed when all so far is printed; nil if there is nothing
}

// add prints the output of one command when those before it are printed. It is a
// scenario.All.
func (o *outputs) add(of string, lines iter.Seq[string]) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before, printed := o.last, make(chan struct{})
	o.last = printed
	go func() {
		defer close(printed)
		if before != nil {
			<-before
		}
		o.program.printOutput(of, lines)
	}()
}

// wait waits until everything is printed. If ctx has ended, it does not wait
// long: perhaps nobody reads stderr.
func (o *outputs) wait(ctx context.Context) {
	o.mu.Lock()
	last := o.last
	o.mu.Unlock()
	if last == nil {
		return
	}
	select {
	case <-last:
		return
	case <-ctx.Done():
	}
	select {
	case <-last:
	case <-time.After(sayBound):
	}
}

// printOutput prints the lines that a command printed.
func (p *Program) printOutput(of string, lines iter.Seq[string]) {
	prefix := "nodrop: " + p.Fit(of, widestCommand) + ": "
	var text strings.Builder
	flush := func() {
		_, _ = io.WriteString(p.Err, text.String())
		text.Reset()
	}
	for line := range lines {
		text.WriteString(prefix + p.Fit(line, longestLine) + "\n")
		if text.Len() >= chunkBytes {
			flush()
		}
	}
	if text.Len() > 0 {
		flush()
	}
}
