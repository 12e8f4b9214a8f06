package analysis

import (
	"cmp"
	"strings"
)

// CompareNatural compares names by the numbers in them: gw-2 comes before
// gw-10.
func CompareNatural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		n, m := LeadingDigits(x), LeadingDigits(y)
		if n == 0 || m == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		i, j := strings.TrimLeft(x[:n], "0"), strings.TrimLeft(y[:m], "0")
		if c := cmp.Or(cmp.Compare(len(i), len(j)), cmp.Compare(i, j)); c != 0 {
			return c
		}
		x, y = x[n:], y[m:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

// LeadingDigits returns how many digits s begins with.
func LeadingDigits(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }
