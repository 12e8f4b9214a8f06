package clitest

import (
	"os"
	"os/signal"
	"syscall"
)

// CatchHangup resets SIGHUP for the programs that tests start: whatever runs the
// tests may ignore it, as nohup does, and they would inherit that. They do not
// inherit a handler.
func CatchHangup() { signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) }
