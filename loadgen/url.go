package loadgen

import (
	"errors"
	"fmt"

	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/misuse"
	"nodrop/loadgen/safetext"
)

// parseTarget reads a URL as people write it. Its errors contain no password.
func parseTarget(raw string) (target.Target, error) {
	text := target.TrimBlanks(raw)
	t, slipped := target.Check(text)
	if slipped != nil {
		return target.Target{}, slipError(slipped, "URL", text)
	}
	return t, nil
}

// slipError is s as an error about what was given, such as a flag.
func slipError(s *target.Slip, what, text string) error {
	problem := fmt.Sprintf("%s %q: %s", what, safetext.MaskURL(text), s.Problem)
	if s.Hint == "" {
		return errors.New(problem)
	}
	return &misuse.Error{Problem: problem, Hint: s.Hint}
}
