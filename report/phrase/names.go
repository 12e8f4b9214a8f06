package phrase

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nodrop/report/analysis"
)

// maxNames limits how many names, or ranges of them, a list spells out.
const maxNames = 5

// Names lists endpoints in natural order. More than three consecutive numbers
// become a range.
func Names(list []string) string {
	list = slices.SortedFunc(slices.Values(list), analysis.CompareNatural)
	list = slices.Compact(list)
	var parts []string
	for rest := list; len(rest) > 0; {
		n := countUp(rest)
		if n <= 3 {
			n = 1
		}
		if len(parts) == maxNames {
			return strings.Join(parts, ", ") + fmt.Sprintf(" and %d more", len(rest))
		}
		parts = append(parts, nameRange(rest[:n]))
		rest = rest[n:]
	}
	return strings.Join(parts, ", ")
}

func nameRange(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return fmt.Sprintf("%s … %s (%d)", list[0], list[len(list)-1], len(list))
}

// countUp returns how many names, from the first, differ only in one number
// that goes up by one: gw-2, gw-3; 10.0.0.1:80, 10.0.0.2:80.
func countUp(list []string) int {
	for at := range list[0] {
		if n := countUpAt(list, at); n > 1 {
			return n
		}
	}
	return 1
}

// countUpAt is countUp for the number at an offset of the first name.
func countUpAt(list []string, at int) int {
	digits := analysis.LeadingDigits(list[0][at:])
	if digits == 0 || at > 0 && analysis.LeadingDigits(list[0][at-1:]) > 0 {
		return 1
	}
	head, number, tail := list[0][:at], list[0][at:at+digits], list[0][at+digits:]
	value, err := strconv.ParseUint(number, 10, 63)
	if err != nil {
		return 1
	}
	n := 1
	for n < len(list) && list[n] == head+fmt.Sprintf("%0*d", digits, value+uint64(n))+tail {
		n++
	}
	return n
}
