package loadgen

import (
	"errors"
	"fmt"

	"nodrop/loadgen/safetext"
)

// parseTarget reads a URL as people write it. An error names no password.
func parseTarget(raw string) (target, error) {
	text := trimBlanks(raw)
	t, slipped := checkedTarget(text)
	if slipped != nil {
		return target{}, slipError(slipped, "URL", text)
	}
	return t, nil
}

// slipError is s as the error of what the URL was given for.
func slipError(s *slip, what, text string) error {
	problem := fmt.Sprintf("%s %q: %s", what, safetext.MaskURL(text), s.problem)
	if s.hint == "" {
		return errors.New(problem)
	}
	return &HintError{problem, s.hint}
}
