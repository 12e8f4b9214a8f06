package proc

import (
	"slices"
	"strings"
	"sync"
)

// TailLines is how many lines a Tail keeps.
const TailLines = 20

// Tail keeps the last lines of an output. The zero value is empty.
type Tail struct {
	mu    sync.Mutex // guards lines
	lines []string
}

// Add keeps one line.
func (t *Tail) Add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == TailLines {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
	t.lines = append(t.lines, line)
}

// Write takes whole lines.
func (t *Tail) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		t.Add(strings.TrimRight(line, "\r\n"))
	}
	return len(text), nil
}

// Lines returns the kept lines, oldest first.
func (t *Tail) Lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lines)
}
