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

// Exit ends a command that has said all there is to say: it is the exit code of
// the program.
type Exit int

func (e Exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
