package scenario

import (
	"fmt"
	"strings"
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
