// Package phrase puts figures into words: durations, counts with their noun,
// ratios, lists of endpoints. It does not depend on reports, and never rounds a
// loss to none.
package phrase

import (
	"math"
	"strconv"
	"strings"
)

// Duration formats a length of time for people.
func Duration(ns int64) string {
	switch {
	case ns < 0:
		return "-" + Duration(max(-ns, 0)) // the smallest int64 has no opposite
	case ns == 0:
		return "0 s"
	case ns < 1_000_000:
		return strconv.FormatInt(max(1, ns/1000), 10) + " µs"
	case ns < 999_950_000: // above this it would round to 1000.0 ms
		return strconv.FormatFloat(float64(ns)/1e6, 'f', 1, 64) + " ms"
	}
	return strconv.FormatFloat(float64(ns)/1e9, 'f', 3, 64) + " s"
}

// Durations formats the least and the most of several durations, or one if they
// look alike: "1.7 ms to 3.7 ms".
func Durations(least, most int64) string {
	from, to := Duration(least), Duration(most)
	if from == to {
		return from
	}
	return from + " to " + to
}

// Moment formats a time from the run's start; "never" for -1.
func Moment(ns int64) string {
	if ns == -1 {
		return "never"
	}
	return strconv.FormatFloat(float64(ns)/1e9, 'f', 3, 64) + " s"
}

// Share formats a ratio as a whole percentage, unless that would round some to
// none or to all.
func Share(ratio float64) string {
	whole := strconv.FormatFloat(ratio*100, 'f', 0, 64)
	if whole == "0" && ratio > 0 || whole == "100" && ratio < 1 {
		return Percentage(ratio)
	}
	return whole + " %"
}

// Number groups digits by thousands.
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Counted formats a number and its noun.
func Counted(n int64, one, many string) string { return Number(n) + " " + Choose(n, one, many) }

// Choose returns one if n is 1, else many.
func Choose(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Percentage formats a ratio with two significant digits, and never as 3e-05.
// Less than all gets as many digits as keep it from becoming 100 %.
func Percentage(ratio float64) string {
	percent := ratio * 100
	decimals := 0
	if percent > 0 {
		decimals = max(0, 1-int(math.Floor(math.Log10(percent))))
	}
	text := strconv.FormatFloat(percent, 'f', decimals, 64)
	for percent < 100 && strings.HasPrefix(text, "100") {
		decimals++
		text = strconv.FormatFloat(percent, 'f', decimals, 64)
	}
	return text + " %"
}

// Shorten cuts text to at most a number of characters, and then adds an
// ellipsis.
func Shorten(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}
