package cli

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"

	"nodrop/scenario"
)

// watch tells what this machine lacks for loads that start, shows how far they
// are and lets marks be set in them, until the function it returns is called.
func (p *Program) watch(name string, loads []scenario.Watched) func() {
	for _, l := range loads {
		for _, lack := range l.Warnings() {
			fmt.Fprintf(p.Err, "nodrop: warning: %s\n", lack)
		}
	}
	unmarked, unshown := p.ByHand.Watch(loads), p.show(name, loads)
	return func() {
		unshown()
		unmarked()
	}
}

// defaultColumns is the width of a terminal that does not say.
const defaultColumns = 80

// wipe empties the line of a terminal.
const wipe = "\r\033[K"

// show shows on a terminal how far loads are; the function it returns ends that,
// and wipes it.
func (p *Program) show(name string, loads []scenario.Watched) func() {
	f, ok := terminal(p.RawErr)
	if !ok {
		return func() {}
	}
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				fmt.Fprint(f, wipe)
				return
			case <-tick.C:
				// The last column stays free: with a character in it, some terminals
				// begin a new line.
				fmt.Fprint(f, wipe+p.Fit(scenario.ProgressLine(name, loads), width(f)-1))
			}
		}
	}()
	return func() {
		close(done)
		<-gone
	}
}

// width is that of a terminal, in columns.
func width(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return defaultColumns
}
