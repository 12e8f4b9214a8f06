package safetext

import "strings"

// AuthorityOf is where the authority of a URL or reference begins and ends; both
// are 0 if it has none.
func AuthorityOf(text string) (begin, end int) {
	begin = strings.Index(text, "//")
	if begin < 0 || begin > 0 && (text[begin-1] != ':' || strings.ContainsAny(text[:begin], "/?#")) {
		return 0, 0
	}
	begin += 2
	if n := strings.IndexAny(text[begin:], "/?#"); n >= 0 {
		return begin, begin + n
	}
	return begin, len(text)
}

// CutLast is strings.Cut at the last sep.
func CutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}
