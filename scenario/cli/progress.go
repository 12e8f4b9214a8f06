package cli

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"

	"nodrop/scenario"
)

// watch prints the warnings of starting loads, shows their progress, and lets
// SIGUSR1 set marks in them, until the function it returns is called.
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

const defaultColumns = 80

// wipe clears the current line of a terminal.
const wipe = "\r\033[K"

// show keeps a progress line on a terminal. The function it returns stops it and
// clears the line.
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
				// Leave the last column free: some terminals wrap when it is filled.
				fmt.Fprint(f, wipe+p.Fit(scenario.ProgressLine(name, loads), width(f)-1))
			}
		}
	}()
	return func() {
		close(done)
		<-gone
	}
}

func width(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return defaultColumns
}
