package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"nodrop/loadgen/cli"
	"nodrop/scenario"
	"nodrop/scenario/cli/progress"
)

const progressFlag = "progress"

// defineProgress defines --progress.
func (p *Program) defineProgress(fs *pflag.FlagSet) {
	p.progress = progress.Auto
	fs.Var(&p.progress, progressFlag, "progress on stderr: plain (a line for each step and mark, and every 10s), off, auto (one line on a terminal, plain elsewhere)")
	cli.GroupOutput.Hold(fs, progressFlag+" MODE")
}

// NewScreen returns stderr as a place for progress.
func NewScreen(stderr io.Writer) *progress.Screen {
	s := &progress.Screen{To: stderr}
	if f, ok := terminal(stderr); ok && os.Getenv("TERM") != "dumb" {
		s.Width = func() int { return width(f) }
	}
	return s
}

// watch shows progress and prints the warnings of starting loads, and lets
// SIGUSR1 set marks in them, until the function it returns is called.
func (p *Program) watch() (watch scenario.Watch, stop func()) {
	stop = func() {}
	if p.progress != progress.Off {
		t := progress.NewTracker(p.quiet && p.progress == progress.Auto, p.Fit)
		t.AtMost = p.atMost
		watch = t.Watch()
		stop = p.show(t)
	}
	shown, warned := watch.Load, map[string]bool{}
	watch.Load = func(loads []scenario.Watched) func() {
		for _, l := range loads {
			for _, lack := range l.Warnings() {
				if !warned[lack] { // the next run lacks the same
					fmt.Fprintf(p.Err, "nodrop: warning: %s\n", lack)
				}
				warned[lack] = true
			}
		}
		unmarked, unshown := p.ByHand.Watch(loads), func() {}
		if shown != nil {
			unshown = shown(loads)
		}
		return func() {
			unshown()
			unmarked()
		}
	}
	return watch, stop
}

// show shows what t knows until the function it returns is called.
func (p *Program) show(t *progress.Tracker) (stop func()) {
	if p.progress == progress.Auto && p.Screen.Terminal() && !p.rows {
		return progress.Draw(t, p.Screen)
	}
	return progress.Print(t, func(line string) { p.Interrupts.Say(p.Fit(line, longestLine)) })
}

const defaultColumns = 80

func width(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return defaultColumns
}
