//go:build unix

package lab

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"nodrop/scenario/lab/gateway"
)

// notifyRequests converts the signals of this stop mode to requests. An abrupt
// replica handles none: the kernel's default action ends it, and Go's runtime
// only lets that happen.
func notifyRequests(mode gateway.Mode, requests chan<- stopRequest) {
	if mode == gateway.Abrupt {
		return
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM)
	if mode == gateway.Graceful {
		signal.Notify(signals, syscall.SIGUSR1)
	}
	go func() {
		for s := range signals {
			if s == syscall.SIGUSR1 {
				requests <- requestDrain
				continue
			}
			requests <- requestTerm
		}
	}()
}

// sendRequest sends a replica a request as a signal.
func sendRequest(m *member, r stopRequest) error {
	if r == requestDrain {
		return m.Send(syscall.SIGUSR1)
	}
	return m.Send(syscall.SIGTERM)
}

// endedBySignal reports whether the stop signal's default action ended a
// process; err is the result of its Wait.
func endedBySignal(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGTERM
}

// sendSignal sends a signal, named without SIG, to a gateway.
func sendSignal(m *member, name string) error {
	return m.Send(unix.SignalNum("SIG" + name))
}
