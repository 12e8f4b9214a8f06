package loadgen

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// maxText bounds, in bytes, what is kept of one text from outside: a name, a
// reason, a Location.
const maxText = 256

// hashText is as much of a hash as tells the texts of one run apart.
const hashText = 6

// bounded is s as files hold it, and no longer than maxText. Of a longer one the
// begin is kept, and a hash of the whole: different texts stay different. What
// bounded gave, it gives again.
func bounded(s string) string {
	if len(s) <= maxText {
		s = asText(s)
	}
	if len(s) <= maxText {
		return s
	}
	end := hashEnd(s)
	// A byte that is no text takes three as text, and a rune may be cut.
	begin := asText(s[:maxText-len(end)])
	for len(begin) > maxText-len(end) {
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
	const most = 4 * maxText
	if len(s) <= most {
		return s
	}
	return s[:most] + hashEnd(s)
}

// asText is s as files hold it: what a server sent may be anything, and must
// not be another text, or the same as another, when it is read back.
func asText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
