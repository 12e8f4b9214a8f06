package lab

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// complaints writes what children say on stderr to one place, a line at a time,
// each with its child's name.
type complaints struct {
	mu sync.Mutex // guards to
	to io.Writer  // may be nil
}

func (c *complaints) line(name, line string) {
	if c.to == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.to, "%s: %s\n", name, line)
}

// tailLines is how many of its last lines a child's failure is told with.
const tailLines = 3

// tail keeps the last lines of a child's stderr.
type tail struct {
	mu    sync.Mutex // guards lines
	lines []string
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == tailLines {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
	t.lines = append(t.lines, line)
}

// text is the tail in one line.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "; ")
}

// eachLine calls take for each line of r until its end.
func eachLine(r io.ReadCloser, take func(string)) {
	defer func() { _ = r.Close() }()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		take(lines.Text())
	}
	// After a line that is too long for a scanner, the rest is thrown away: a
	// child must never wait for a reader.
	_, _ = io.Copy(io.Discard, r)
}
