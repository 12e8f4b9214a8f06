package lab

import (
	"errors"
	"fmt"
	"io"
	"os"

	"nodrop/scenario/lab/gateway"
)

// notifyRequests does nothing: there are no signals, requests come as lines on
// the control pipe.
func notifyRequests(gateway.Mode, chan<- stopRequest) {}

// sendRequest asks a replica by a line on its control pipe, which breaks only
// when the replica is gone.
func sendRequest(_ *os.Process, control io.Writer, r stopRequest) error {
	if _, err := fmt.Fprintln(control, r); err != nil {
		return os.ErrProcessDone
	}
	return nil
}

// endedBySignal reports whether the stop signal's default action ended a process.
func endedBySignal(*os.ProcessState) bool { return false }

// sendSignal cannot: gateways other than our own are refused before.
func sendSignal(*os.Process, string) error { return errors.ErrUnsupported }
