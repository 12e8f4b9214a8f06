package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// dirVariable tells the inner processes the directory that the outermost one
// made, and removes however they end.
const dirVariable = "CONTROLPLANE_DIR"

// enterNamespace runs this program again as the first process of its own
// network, process and mount namespaces. The kernel kills all that is in a
// process namespace with its first process, so nothing outlives the harness.
func enterNamespace(args []string) (int, error) {
	if _, err := parseOptions(args); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "controlplane-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()

	inner, err := again("init", args)
	if err != nil {
		return 0, err
	}
	inner.Env = append(os.Environ(), dirVariable+"="+dir)
	inner.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
		Pdeathsig:  syscall.SIGKILL,
	}
	// The kernel sends Pdeathsig at the end of the thread that started the
	// process, not of the program.
	runtime.LockOSThread()
	signals := catchSignals()
	if err := inner.Start(); err != nil {
		return 0, fmt.Errorf("entering namespaces (are you root?): %w", err)
	}
	go passOn(signals, inner.Process)
	return exitCode(inner.Wait())
}

// runInit is the first process of the namespace: it reaps what other processes
// leave behind, which a program that waits for children by name cannot.
func runInit(args []string) (int, error) {
	if err := mountProc(); err != nil {
		return 0, err
	}
	plane, err := again("plane", args)
	if err != nil {
		return 0, err
	}
	signals := catchSignals()
	if err := plane.Start(); err != nil {
		return 0, err
	}
	go passOn(signals, plane.Process)
	return reapUntil(plane.Process.Pid)
}

func again(stage string, args []string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, append([]string{stage}, args...)...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	return command, nil
}

func mountProc() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("detaching mounts: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	return nil
}

func catchSignals() chan os.Signal {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2)
	return signals
}

func passOn(signals <-chan os.Signal, to *os.Process) {
	for s := range signals {
		// It has ended, and its exit is about to be reported.
		_ = to.Signal(s)
	}
}

func reapUntil(last int) (int, error) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("waiting for processes: %w", err)
		}
		if pid == last {
			return statusCode(status), nil
		}
	}
}

func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	return statusCode(exit.Sys().(syscall.WaitStatus)), nil
}

// statusCode is an exit status as shells and kubelets tell it.
func statusCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
