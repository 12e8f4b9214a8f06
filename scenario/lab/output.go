package lab

import (
	"bufio"
	"fmt"
	"io"
	"sync"
)

// complaints writes the children's stderr to one writer, line by line, each
// with the child's name.
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

// eachLine calls take for each line of r until its end.
func eachLine(r io.ReadCloser, take func(string)) {
	defer func() { _ = r.Close() }()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		take(lines.Text())
	}
	// If a line is too long for the scanner, the rest is discarded: a child
	// must never block on its output.
	_, _ = io.Copy(io.Discard, r)
}
