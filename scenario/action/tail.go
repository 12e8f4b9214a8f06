package action

import (
	"bytes"
	"strings"
	"sync"
)

// tailBytes is how much of the end of a command's output is kept.
const tailBytes = 4 << 10

// tailLines is how many of the last lines a failure is told with.
const tailLines = 3

// tail keeps the end of an output.
type tail struct {
	mu    sync.Mutex // guards bytes
	bytes []byte
}

// Write takes everything.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes = append(t.bytes, p[max(0, len(p)-tailBytes):]...)
	t.bytes = t.bytes[max(0, len(t.bytes)-tailBytes):]
	return len(p), nil
}

// text is the last lines that say something, in one line, as valid UTF-8.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	for line := range bytes.Lines(t.bytes) {
		if text := strings.TrimSpace(strings.ToValidUTF8(string(line), "\ufffd")); text != "" {
			lines = append(lines, text)
		}
	}
	return strings.Join(lines[max(0, len(lines)-tailLines):], "; ")
}
