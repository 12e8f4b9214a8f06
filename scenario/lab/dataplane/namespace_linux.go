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

// namespaceCommand is the hidden argument of this program when it runs in a
// network namespace of its own.
const namespaceCommand = "lab-namespace"

// argumentsFile is the descriptor from which it then reads its real arguments:
// they may hold secrets, and those of a process are for everyone to read.
const argumentsFile = 3

// NamespaceArgs are the arguments of a program that InNamespace has started; ok
// is false for any other, whose args, os.Args[1:], are its own.
func NamespaceArgs(args []string) (given []string, ok bool) {
	if len(args) != 1 || args[0] != namespaceCommand {
		return nil, false
	}
	f := os.NewFile(argumentsFile, "arguments")
	err := json.NewDecoder(f).Decode(&given)
	_ = f.Close()
	return given, err == nil
}

// InNamespace runs this program again, with these arguments, in a network
// namespace of its own, and returns its exit code. The namespace has no name: it
// goes with the last process in it, however that ends, and with it every address
// and rule. Signals are handed on, from when handingOn is called, which is before
// that process is started; when this process is killed, so is that one. A signal
// that ended it before it could heed any is context.Canceled.
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
	// The kernel takes the end of the thread for that of the parent.
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
		Setpgid:    true, // a terminal's Ctrl-C would reach it twice
	}
	err = cmd.Start()
	_ = read.Close()
	if err != nil {
		_ = write.Close()
		return 0, fmt.Errorf("a network namespace: %w", err)
	}
	go func() { // they may be more than a pipe holds
		_, _ = write.Write(text) // it is gone, which its end tells
		_ = write.Close()
	}()
	return attend(cmd, signals)
}

// attend hands signals on to a process until it ends, and returns its exit code.
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
