package cli

import "fmt"

// Exit codes, as the README lists them.
const (
	ExitOK           = 0
	ExitFail         = 1
	ExitMisuse       = 2
	ExitInconclusive = 3
	ExitInterrupted  = 130
)

// Exit is returned by a command that has printed everything itself: nodrop exits
// with that code and adds nothing.
type Exit int

func (e Exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
