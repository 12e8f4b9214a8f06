package dataplane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// namespaceCommand is the hidden argument that makes this program run in its
// own network namespace.
const namespaceCommand = "lab-namespace"

// argumentsFile is the descriptor from which the child reads its real
// arguments: they may hold secrets, and every user can read the command line of
// a process.
const argumentsFile = 3

// NamespaceArgs returns the real arguments of a process that InNamespace
// started. args are os.Args[1:]; ok is false for any other process.
func NamespaceArgs(args []string) (given []string, ok bool) {
	if len(args) != 1 || args[0] != namespaceCommand {
		return nil, false
	}
	f := os.NewFile(argumentsFile, "arguments")
	err := json.NewDecoder(f).Decode(&given)
	_ = f.Close()
	return given, err == nil
}

// InNamespace runs this program again, with these arguments, in a new network
// namespace, and returns its exit code. The namespace has no name: it ends with
// its last process, and with it every address and rule. InNamespace forwards
// signals to the child; it calls handingOn just after it starts to catch them
// and before it starts the child. If this process is killed, the child is
// killed too. If a forwarded signal ends the child before it handles signals,
// the error is context.Canceled.
func InNamespace(args []string, handingOn func()) (int, error) {
	signals := make(chan os.Signal, 8)
	handedOn := []os.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGUSR1}
	if !signal.Ignored(unix.SIGHUP) { // the child is not in the terminal's foreground
		handedOn = append(handedOn, unix.SIGHUP)
	}
	signal.Notify(signals, handedOn...)
	defer signal.Stop(signals)
	handingOn()
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	// Pdeathsig is sent when the parent thread ends, not only the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	text, err := json.Marshal(args)
	if err != nil {
		return 0, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(context.Background(), self, namespaceCommand)
	cmd.ExtraFiles = []*os.File{read} // the first is argumentsFile
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET,
		Pdeathsig:  unix.SIGKILL,
		Setpgid:    true, // otherwise the child would get a terminal's Ctrl-C twice
	}
	err = cmd.Start()
	_ = read.Close()
	if err != nil {
		_ = write.Close()
		return 0, fmt.Errorf("cannot create a network namespace: %w", err)
	}
	go func() { // the arguments may not fit into the pipe's buffer
		_, _ = write.Write(text) // an error means that the child is gone, which attend reports
		_ = write.Close()
	}()
	return attend(cmd, signals)
}

// attend forwards signals to a process until it ends; it returns the exit code.
func attend(cmd *exec.Cmd, signals <-chan os.Signal) (int, error) {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ending := map[os.Signal]bool{}
	for {
		select {
		case s := <-signals:
			_ = cmd.Process.Signal(s)
			ending[s] = s != unix.SIGUSR1
		case err := <-ended:
			exit, ok := errors.AsType[*exec.ExitError](err)
			if !ok {
				return 0, err
			}
			if exit.Exited() {
				return exit.ExitCode(), nil
			}
			if status, ok := exit.Sys().(syscall.WaitStatus); ok && ending[status.Signal()] {
				return 0, context.Canceled
			}
			return 0, err
		}
	}
}
