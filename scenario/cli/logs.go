package cli

import (
	"fmt"
	"io"
	"sync"

	"github.com/spf13/pflag"

	"nodrop/loadgen/cli"
)

// logs holds the last lines that processes and commands printed. They are shown
// if the run fails.
type logs struct {
	mu    sync.Mutex // guards all below
	names []string   // in order of appearance
	lines map[string][]string
}

// keep replaces the lines under a name, so the last repetition wins.
func (l *logs) keep(of string, lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines == nil {
		l.lines = map[string][]string{}
	}
	if l.lines[of] == nil {
		l.names = append(l.names, of)
	}
	l.lines[of] = lines
}

// longestLine is the maximum width of a printed log line, in columns.
const longestLine = 1000

func (l *logs) show(w io.Writer, fit func(text string, columns int) string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range l.names {
		fmt.Fprintf(w, "nodrop: last lines of %s:\n", fit(name, longestLine))
		for _, line := range l.lines[name] {
			fmt.Fprintf(w, "  %s\n", fit(line, longestLine))
		}
	}
}

// verboseFlag defines -v.
func (p *Program) verboseFlag(fs *pflag.FlagSet) {
	fs.BoolVarP(&p.verbose, "v", "v", false, "print all output of commands, such as that of --during, to stderr once they have ended")
	cli.GroupOutput.Hold(fs, "v")
}

// ShowLogs prints the last lines of everything the run started, after a
// failure.
func (p *Program) ShowLogs() { p.logs.show(p.Err, p.Fit) }
