//go:build unix

package action

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"nodrop/scenario/proc"
)

// signalOf returns the signal with this name; "" is TERM.
func signalOf(name string) (os.Signal, error) {
	if name == "" {
		return syscall.SIGTERM, nil
	}
	full := strings.ToUpper(name)
	if !strings.HasPrefix(full, "SIG") {
		full = "SIG" + full
	}
	if s := unix.SignalNum(full); s != 0 {
		return s, nil
	}
	return nil, fmt.Errorf("%q is not a signal", name)
}

// isGone reports whether p has exited, even if its parent has not waited for it.
func isGone(p *os.Process) bool { return p.Signal(syscall.Signal(0)) != nil || proc.IsZombie(p.Pid) }
