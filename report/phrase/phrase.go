// Package phrase puts figures into words: lengths of time, counts with their noun,
// ratios, lists of endpoints. It knows no report, and never rounds a loss to none.
package phrase

import (
	"math"
	"strconv"
)

// Duration is a length of time as a person reads it.
func Duration(ns int64) string {
	switch {
	case ns < 0:
		return "-" + Duration(max(-ns, 0)) // of the smallest int64 there is no opposite
	case ns == 0:
		return "0 s"
	case ns < 1_000_000:
		return strconv.FormatInt(max(1, ns/1000), 10) + " µs"
	case ns < 999_950_000: // more would be rounded to 1000.0 ms
		return strconv.FormatFloat(float64(ns)/1e6, 'f', 1, 64) + " ms"
	}
	return strconv.FormatFloat(float64(ns)/1e9, 'f', 3, 64) + " s"
}

// Moment is a time from the run's start; "never" for -1.
func Moment(ns int64) string {
	if ns == -1 {
		return "never"
	}
	return strconv.FormatFloat(float64(ns)/1e9, 'f', 3, 64) + " s"
}

// Share is a ratio as a whole percentage.
func Share(ratio float64) string { return strconv.FormatFloat(ratio*100, 'f', 0, 64) + " %" }

// Number groups digits by thousands.
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Counted is a number and the words that go with it.
func Counted(n int64, one, many string) string {
	return strconv.FormatInt(n, 10) + " " + Choose(n, one, many)
}

// Choose is the word for one or the word for many.
func Choose(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Percentage writes a ratio with two digits that count, and never as 3e-05.
func Percentage(ratio float64) string {
	percent := ratio * 100
	decimals := 0
	if percent > 0 {
		decimals = max(0, 1-int(math.Floor(math.Log10(percent))))
	}
	return strconv.FormatFloat(percent, 'f', decimals, 64) + " %"
}

// Shorten cuts text at a character, and says that it did.
func Shorten(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}
