package safetext

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// IsUnsafe reports whether r moves the cursor, is invisible, reverses text
// direction or is invalid. Texts from outside may contain such runes, and a
// terminal obeys them.
func IsUnsafe(r rune) bool {
	return r != '\n' && r != '\t' && !unicode.IsGraphic(r) || r == utf8.RuneError
}

// CleanText replaces the unsafe runes of a text from outside.
func CleanText(text string) string {
	return strings.Map(func(r rune) rune {
		if IsUnsafe(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// CleanLine does the same and puts the text on one line.
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

// CleanWriter replaces the unsafe runes in what is written.
type CleanWriter struct{ To io.Writer }

// Write cleans text. A rune must not be split between two calls.
func (c CleanWriter) Write(text []byte) (int, error) {
	if _, err := io.WriteString(c.To, CleanText(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// JSONWriter writes JSON with the unsafe runes in its strings escaped: they are
// safe on a terminal, and a reader gets the original text.
type JSONWriter struct{ To io.Writer }

// Write escapes text. A rune must not be split between two calls.
func (j JSONWriter) Write(text []byte) (int, error) {
	if _, err := j.To.Write(EscapeJSON(text)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// EscapeJSON escapes the unsafe runes that encoding/json leaves as they are. They
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

// firstUnsafe is the index of the first byte that EscapeJSON may have to
// escape, -1 if there is none.
func firstUnsafe(text []byte) int {
	for i, c := range text {
		if c >= 0x7f {
			return i
		}
	}
	return -1
}
