package cli

import "nodrop/report"

// Validate rejects checks that cannot be parsed.
func Validate(checks []string) error {
	for _, text := range checks {
		if _, err := report.ParseCheck(text); err != nil {
			return err
		}
	}
	return nil
}
