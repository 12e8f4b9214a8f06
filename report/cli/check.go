package cli

import "nodrop/report"

// Validate refuses checks that cannot be read, before anything is done.
func Validate(checks []string) error {
	for _, text := range checks {
		if _, err := report.ParseCheck(text); err != nil {
			return err
		}
	}
	return nil
}
