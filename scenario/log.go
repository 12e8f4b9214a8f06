package scenario

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"sync"
)

// LogLines is how many of its last lines are kept of what something says.
const LogLines = 20

// errorLines is how many of them are part of an error.
const errorLines = 3

// Tail keeps the last lines that something said. The zero value is empty.
type Tail struct {
	mu    sync.Mutex // guards lines
	lines []string
}

// Add keeps one line.
func (t *Tail) Add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == LogLines {
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

// Lines are those that are kept, the oldest first.
func (t *Tail) Lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lines)
}

// LogError is the error of something that has said why, or may have.
type LogError struct {
	Err   error
	Of    string   // what said it; "" is the step that failed
	Lines []string // the last ones, the oldest first, at most LogLines
}

// Error is the error with the last of what was said, in one line.
func (e *LogError) Error() string {
	if len(e.Lines) == 0 {
		return e.Err.Error()
	}
	return e.Err.Error() + ": " + strings.Join(e.Lines[max(0, len(e.Lines)-errorLines):], "; ")
}

// Unwrap is the error alone.
func (e *LogError) Unwrap() error { return e.Err }

// Log is handed the last lines of what something said. They are to be shown when
// the scenario fails, and only then.
type Log func(of string, lines []string)

// Failed hands on what is behind an error of this step, where that is more than it
// says itself.
func (l Log) Failed(step string, err error) {
	if e, ok := errors.AsType[*LogError](err); ok && len(e.Lines) > errorLines {
		l.add(cmp.Or(e.Of, step), e.Lines)
	}
}

func (l Log) add(of string, lines []string) {
	if l != nil && len(lines) > 0 {
		l(of, lines)
	}
}

// of is a log for one attempt, whose name stands before that of what said it. mask
// keeps secrets out of it: commands repeat what they were given.
func (l Log) of(a Attempt, mask func(string) string) Log {
	return func(of string, lines []string) {
		shown := make([]string, len(lines))
		for i, line := range lines {
			shown[i] = mask(line)
		}
		of, lines = mask(of), shown
		if name := a.Variant.Name; name != "" {
			of = name + ": " + of
		}
		l.add(of, lines)
	}
}
