package safetext

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// MaxText bounds, in bytes, what is kept of one text from outside: a name, a
// reason, a Location.
const MaxText = 256

// hashText is as much of a hash as tells the texts of one run apart.
const hashText = 6

// Bounded is s as files hold it, and no longer than MaxText. Of a longer one the
// begin is kept, and a hash of the whole: different texts stay different. What
// Bounded gave, it gives again.
func Bounded(s string) string {
	if len(s) <= MaxText {
		s = Valid(s)
	}
	if len(s) <= MaxText {
		return s
	}
	end := hashEnd(s)
	// A byte that is no text takes three as text, and a rune may be cut.
	begin := Valid(s[:MaxText-len(end)])
	for len(begin) > MaxText-len(end) {
		_, last := utf8.DecodeLastRuneInString(begin)
		begin = begin[:len(begin)-last]
	}
	return strings.TrimRight(begin, "\uFFFD") + end
}

// hashEnd stands for what is left out of s.
func hashEnd(s string) string {
	hash := sha256.Sum256([]byte(s))
	return "…#" + hex.EncodeToString(hash[:hashText])
}

// shortened is s, at most a few times as long as a bounded text.
func shortened(s string) string {
	const most = 4 * MaxText
	if len(s) <= most {
		return s
	}
	return s[:most] + hashEnd(s)
}

// Valid is s as files hold it: what a server sent may be anything, and must
// not be another text, or the same as another, when it is read back.
func Valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
