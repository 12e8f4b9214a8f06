package action

import (
	"fmt"
	"os"
	"strings"
)

// signalOf returns the signal with this name. Windows has only KILL.
func signalOf(name string) (os.Signal, error) {
	switch strings.TrimPrefix(strings.ToUpper(name), "SIG") {
	case "", "TERM", "KILL":
		return os.Kill, nil
	}
	return nil, fmt.Errorf("%q is not a signal of Windows", name)
}

func isGone(p *os.Process) bool { return p.Signal(os.Kill) != nil }
