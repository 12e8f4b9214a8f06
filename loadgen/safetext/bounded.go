package safetext

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// MaxText limits, in bytes, how much is kept of one text from outside: a name, a
// reason, a Location.
const MaxText = 256

// hashText is how many bytes of a hash distinguish the texts of one run.
const hashText = 6

// Bounded is s as valid UTF-8 of at most MaxText bytes. For a longer text it
// keeps the beginning and a hash of the whole, so different texts stay
// different. Bounded does not change its own output.
func Bounded(s string) string {
	if len(s) <= MaxText {
		s = Valid(s)
	}
	if len(s) <= MaxText {
		return s
	}
	end := hashEnd(s)
	// An invalid byte becomes three bytes, and the cut may split a rune.
	begin := Valid(s[:MaxText-len(end)])
	for len(begin) > MaxText-len(end) {
		_, last := utf8.DecodeLastRuneInString(begin)
		begin = begin[:len(begin)-last]
	}
	return strings.TrimRight(begin, "\uFFFD") + end
}

func hashEnd(s string) string {
	hash := sha256.Sum256([]byte(s))
	return "…#" + hex.EncodeToString(hash[:hashText])
}

// shortened is s, cut to a few times the length of a bounded text.
func shortened(s string) string {
	const most = 4 * MaxText
	if len(s) <= most {
		return s
	}
	return s[:most] + hashEnd(s)
}

// Valid is s as valid UTF-8. A server can send any bytes, and files must give
// back the same text when they are read.
func Valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
