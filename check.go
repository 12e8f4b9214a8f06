package main

import (
	"github.com/spf13/pflag"

	"nodrop/report"
)

// Validate refuses checks that cannot be read, before anything is done.
func validate(checks []string) error {
	for _, text := range checks {
		if _, err := report.ParseCheck(text); err != nil {
			return err
		}
	}
	return nil
}

func failIfFlag(fs *pflag.FlagSet) *[]string {
	return fs.StringArray("fail-if", nil, "check that fails the verdict, exit 1: 'lost > 0', 'p99 > 250ms', 'rps < 1000'; repeatable")
}
