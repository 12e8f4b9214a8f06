package lab

import (
	"context"
	"errors"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"nodrop/scenario/lab/dataplane"
)

// runTestNamespace is the program that InNamespace starts. It sends a signal to
// its parent, or KILL to itself, before it handles signals, or exits with a code.
func runTestNamespace(given []string) int {
	number, _ := strconv.Atoi(given[1])
	switch given[0] {
	case "exit":
		return number
	case "signal":
		parent, _ := os.FindProcess(os.Getppid())
		_ = parent.Signal(syscall.Signal(number))
	case "die":
		self, _ := os.FindProcess(os.Getpid())
		_ = self.Kill()
	}
	time.Sleep(patience)
	return 0
}

// TestNamespaceEnds: a forwarded signal that ends a process before it handles
// signals counts as an interruption; any other end is a failure or an exit code.
func TestNamespaceEnds(t *testing.T) {
	if err := dataplane.CheckNFT(); err != nil {
		t.Skipf("NOT RUN: %v", err)
	}
	for name, tc := range map[string]struct {
		what        string
		number      int
		interrupted bool
	}{
		"INT":  {"signal", int(syscall.SIGINT), true},
		"TERM": {"signal", int(syscall.SIGTERM), true},
		"KILL": {"die", 0, false},
		"exit": {"exit", 7, false},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			code, err := dataplane.InNamespace([]string{tc.what, strconv.Itoa(tc.number)}, func() { calls++ })
			if calls != 1 {
				t.Errorf("told %d times that signals are handed on; want 1", calls)
			}
			if got := errors.Is(err, context.Canceled); got != tc.interrupted {
				t.Errorf("got %v; want interrupted %t", err, tc.interrupted)
			}
			if exits := tc.what == "exit"; exits != (err == nil) || exits && code != tc.number {
				t.Errorf("got %d, %v", code, err)
			}
		})
	}
}
