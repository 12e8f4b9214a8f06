package cli

import "github.com/spf13/pflag"

// FailIfFlag defines --fail-if for checks of a load.
func FailIfFlag(fs *pflag.FlagSet) *[]string {
	checks := fs.StringArray("fail-if", nil, "check that makes the run fail, exit 1: 'lost > 0', 'p99 > 250ms', 'rps < 1000'; repeatable")
	GroupOutput.Hold(fs, "fail-if CHECK")
	return checks
}
