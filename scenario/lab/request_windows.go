package lab

import (
	"errors"
	"fmt"
	"os"

	"nodrop/scenario/lab/gateway"
)

// notifyRequests does nothing: without signals, requests arrive as lines on the
// control pipe.
func notifyRequests(gateway.Mode, chan<- stopRequest) {}

// sendRequest writes a line to the replica's control pipe, which fails only if
// the replica is gone.
func sendRequest(m *member, r stopRequest) error {
	if _, err := fmt.Fprintln(m.control, r); err != nil {
		return os.ErrProcessDone
	}
	return nil
}

// endedBySignal reports whether the stop signal's default action ended a process.
func endedBySignal(error) bool { return false }

// sendSignal fails: gateways other than ours have been refused before.
func sendSignal(*member, string) error { return errors.ErrUnsupported }
