package lab

import (
	"bufio"
	"fmt"
	"io"
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
