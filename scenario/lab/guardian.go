package lab

import (
	"io"
)

// runGuardian leads the fleet's process group and outlives a parent that dies,
// however it dies: when the control pipe ends, it kills the whole group,
// children of children and itself included. Where there are no process groups
// it only leaves: there children die with their own control pipes.
func runGuardian(c child) int {
	if err := leadGroup(); err != nil {
		return c.complain(err)
	}
	c.say(sayReady, "guardian")
	_, _ = io.Copy(io.Discard, c.stdin) // an error is an end, too
	killGroup()
	return exitOrphan
}
