package cli

import (
	"fmt"

	"nodrop/loadgen/record"
)

// Exit codes, as the README lists them.
const (
	ExitOK           = 0
	ExitFail         = 1
	ExitMisuse       = 2
	ExitInconclusive = 3
	ExitInterrupted  = 130
)

// ExitCode is the exit code for a verdict.
func ExitCode(v record.Verdict) int {
	switch v {
	case record.Fail:
		return ExitFail
	case record.Inconclusive:
		return ExitInconclusive
	default:
		return ExitOK
	}
}

// Exit is returned by a command that has printed everything itself: nodrop exits
// with that code and adds nothing.
type Exit int

func (e Exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
