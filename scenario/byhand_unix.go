//go:build unix

package scenario

import (
	"os"
	"syscall"
)

var handSignals = []os.Signal{syscall.SIGUSR1}
