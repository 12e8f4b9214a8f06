package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"

	"nodrop/loadgen/safetext"
	"nodrop/report"
	"nodrop/scenario"
)

// sayBound is how long a line may take: whoever reads stderr may not, and signals
// are to be heeded all the same.
const sayBound = time.Second

// say tells whoever waits what is going on, beside the progress line.
func (p *program) say(line string) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		if f, ok := p.RawErr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			fmt.Fprint(p.RawErr, "\r\033[K")
		}
		fmt.Fprintf(p.Err, "nodrop: %s\n", safetext.MaskText(line))
	}()
	select {
	case <-said:
	case <-time.After(sayBound):
	}
}

// watch tells what this machine lacks for loads that start, shows how far they
// are and lets marks be set in them, until the function it returns is called.
func (p *program) watch(name string, loads []scenario.Watched) func() {
	for _, l := range loads {
		for _, lack := range l.Warnings() {
			fmt.Fprintf(p.Err, "nodrop: warning: %s\n", lack)
		}
	}
	unmarked, unshown := p.byHand.Watch(loads), p.show(name, loads)
	return func() {
		unshown()
		unmarked()
	}
}

// defaultColumns is the width of a terminal that does not say.
const defaultColumns = 80

// show shows on a terminal how far loads are; the function it returns ends that,
// and wipes it.
func (p *program) show(name string, loads []scenario.Watched) func() {
	f, ok := p.RawErr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
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
				fmt.Fprint(p.RawErr, "\r\033[K")
				return
			case <-tick.C:
				width := defaultColumns
				if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
					width = w
				}
				// The last column stays free: with a character in it, some terminals
				// begin a new line.
				fmt.Fprintf(p.RawErr, "\r\033[K%s", report.Fit(scenario.ProgressLine(name, loads), width-1))
			}
		}
	}()
	return func() {
		close(done)
		<-gone
	}
}
