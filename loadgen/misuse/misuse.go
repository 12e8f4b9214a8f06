// Package misuse says what is wrong with what somebody typed, and what they may
// have meant. It ends in exit code 2.
package misuse

import "github.com/agnivade/levenshtein"

// Error is a problem with a word on what to do.
type Error struct{ Problem, Hint string }

func (e *Error) Error() string { return e.Problem }

// Nearest is the candidate that name may have been meant for, "" if none is near.
func Nearest(name string, candidates []string) string {
	best, distance := "", (len(name)+1)/3+1 // beyond that it is another word
	for _, c := range candidates {
		if d := apart(name, c); d < distance {
			best, distance = c, d
		}
	}
	return best
}

// apart is how many letters have to be changed to get from one word to the
// other; two that have changed places count as one.
func apart(a, b string) int {
	if swapped(a, b) {
		return 1
	}
	return levenshtein.ComputeDistance(a, b)
}

// swapped reports whether two neighbouring letters that have changed places are
// all that tells the words apart.
func swapped(a, b string) bool {
	if len(a) != len(b) || a == b {
		return false
	}
	i := 0
	for a[i] == b[i] {
		i++
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
