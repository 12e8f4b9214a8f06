package safetext

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// IsUnsafe reports what moves the cursor, cannot be seen, turns text around, or
// is no text. Texts from outside may hold it, and a terminal obeys.
func IsUnsafe(r rune) bool {
	return r != '\n' && r != '\t' && !unicode.IsGraphic(r) || r == utf8.RuneError
}

// CleanText is text from outside without what is unsafe, and CleanLine is that
// in one line.
func CleanText(text string) string {
	return strings.Map(func(r rune) rune {
		if IsUnsafe(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// CleanLine makes one harmless line of text from outside.
func CleanLine(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case IsUnsafe(r):
			return utf8.RuneError
		}
		return r
	}, text)
}

// CleanWriter passes on what is written, but for what is unsafe in it.
type CleanWriter struct{ To io.Writer }

// Write cleans text; each call is a text of its own.
func (c CleanWriter) Write(text []byte) (int, error) {
	if _, err := io.WriteString(c.To, CleanText(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// JSONWriter passes on JSON, whose strings may hold what is unsafe: it is
// escaped there, so that a terminal shows it and a reader gets it as it was.
type JSONWriter struct{ To io.Writer }

// Write escapes; each call ends where a character does.
func (j JSONWriter) Write(text []byte) (int, error) {
	if _, err := j.To.Write(EscapeJSON(text)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// EscapeJSON escapes what is unsafe in JSON beyond what encoding/json does. It
// can only be in strings.
func EscapeJSON(text []byte) []byte {
	at := firstUnsafe(text)
	if at < 0 {
		return text
	}
	escaped := append(make([]byte, 0, len(text)+64), text[:at]...)
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		switch {
		case !IsUnsafe(r) || r < ' ' || r == utf8.RuneError:
			escaped = append(escaped, text[at:at+size]...)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			escaped = fmt.Appendf(escaped, `\u%04x\u%04x`, high, low)
		default:
			escaped = fmt.Appendf(escaped, `\u%04x`, r)
		}
		at += size
	}
	return escaped
}

// firstUnsafe is where the first character is that EscapeJSON may escape, -1
// where there is none.
func firstUnsafe(text []byte) int {
	for i, c := range text {
		if c >= 0x7f {
			return i
		}
	}
	return -1
}
