package cli

import "nodrop/report/check"

// Validate rejects checks that cannot be parsed.
func Validate(checks []string) error {
	for _, text := range checks {
		if _, err := check.ParseCheck(text); err != nil {
			return err
		}
	}
	return nil
}
