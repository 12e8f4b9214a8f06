package progress

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// Screen is stderr, with at most one progress line below what is written to it.
type Screen struct {
	To    io.Writer
	Width func() int // columns of the terminal; nil if To is none

	ended atomic.Bool

	mu    sync.Mutex // guards shown, and is held while it writes
	shown string     // the progress line
}

// Terminal reports whether a progress line can be shown.
func (s *Screen) Terminal() bool { return s.Width != nil }

// Write writes text in place of the progress line.
func (s *Screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := io.WriteString(s.To, s.wipe()); err != nil {
		return 0, err
	}
	return s.To.Write(text)
}

// Show replaces the progress line; "" removes it.
func (s *Screen) Show(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended.Load() {
		line = ""
	}
	text := s.wipe() + line
	s.shown = line
	_, _ = io.WriteString(s.To, text) // progress is no reason to end a run
}

// End is the end of progress lines. It does not wait for anything.
func (s *Screen) End() { s.ended.Store(true) }

// wipe returns what clears the progress line. If the terminal has become narrower,
// it has wrapped the line. The caller must hold the lock.
func (s *Screen) wipe() string {
	columns := utf8.RuneCountInString(s.shown)
	s.shown = ""
	switch {
	case columns == 0:
		return ""
	case columns <= s.Width():
		return "\r\033[K"
	}
	return fmt.Sprintf("\r\033[%dA\033[J", (columns-1)/max(1, s.Width()))
}
