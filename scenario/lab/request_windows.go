package lab

import (
	"errors"
	"fmt"
	"io"
	"os"

	"nodrop/scenario/lab/gateway"
)

// notifyRequests does nothing: without signals, requests arrive as lines on the
// control pipe.
func notifyRequests(gateway.Mode, chan<- stopRequest) {}

// sendRequest writes a line to the replica's control pipe, which fails only if
// the replica is gone.
func sendRequest(_ *os.Process, control io.Writer, r stopRequest) error {
	if _, err := fmt.Fprintln(control, r); err != nil {
		return os.ErrProcessDone
	}
	return nil
}

// endedBySignal reports whether the stop signal's default action ended a process.
func endedBySignal(*os.ProcessState) bool { return false }

// sendSignal fails: gateways other than ours have been refused before.
func sendSignal(*os.Process, string) error { return errors.ErrUnsupported }
