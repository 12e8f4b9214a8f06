package loadgen

import (
	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/safetext"
)

// parseTarget reads a URL as people write it. Its errors contain no password.
func parseTarget(raw string) (target.Target, error) {
	text := target.TrimBlanks(raw)
	t, slipped := target.Check(text)
	if slipped != nil {
		return target.Target{}, slipError(slipped, OptionURL, text)
	}
	return t, nil
}

// slipError is s as an error about an option.
func slipError(s *target.Slip, option Option, text string) error {
	return wrong("%v %q: %s", option, safetext.MaskURL(text), s.Problem).try("%s", s.Hint)
}
