package action

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/windows"
)

// signalOf returns the signal with this name. Windows has only KILL.
func signalOf(name string) (os.Signal, error) {
	switch strings.TrimPrefix(strings.ToUpper(name), "SIG") {
	case "", "TERM", "KILL":
		return os.Kill, nil
	}
	return nil, fmt.Errorf("%q is not a signal on Windows", name)
}

// isGone reports whether p has exited.
func isGone(p *os.Process) bool {
	h, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(p.Pid)) //nolint:gosec // Windows gives no negative ones
	if err != nil {
		return true
	}
	defer func() { _ = windows.CloseHandle(h) }()
	state, err := windows.WaitForSingleObject(h, 0)
	return err == nil && state == windows.WAIT_OBJECT_0
}
