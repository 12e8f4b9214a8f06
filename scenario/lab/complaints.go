package lab

import (
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
