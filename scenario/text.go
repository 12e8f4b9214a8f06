package scenario

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// OneLine joins text into one line.
func OneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Cut shortens text to n runes.
func Cut(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}

// Number groups the digits of a count by thousands: 16,200.
func Number(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Span returns a duration in the units that people use: 1m20s, 10m, 1h.
func Span(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// Joined joins the errors that are not nil, on one line.
func Joined(errs ...error) error {
	var all error
	for _, err := range errs {
		switch {
		case err == nil:
		case all == nil:
			all = err
		default:
			all = fmt.Errorf("%w; %w", all, err)
		}
	}
	return all
}
