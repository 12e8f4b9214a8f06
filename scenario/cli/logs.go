package cli

import (
	"fmt"
	"io"
	"sync"
)

// logs are the last lines of what processes and commands said. They are shown when
// what they are part of failed.
type logs struct {
	mu    sync.Mutex // guards all below
	names []string   // in order of appearance
	lines map[string][]string
}

// keep keeps what was said last by that name: of repetitions, the last one's.
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

// longestLine bounds a line of a log, in columns.
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

// ShowLogs shows them.
func (p *Program) ShowLogs() { p.logs.show(p.Err, p.Fit) }
