//go:build unix

package proc

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// setGroup makes cmd, not yet started, a member of the process group of leader,
// or the leader of a new group if leader is 0. A terminal's Ctrl-C does not
// reach the group.
func setGroup(cmd *exec.Cmd, leader int) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: leader}
}

// killGroupOf kills the process pid, a leader, and the rest of its group.
func killGroupOf(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// leadGroup verifies that killOwnGroup will not hit processes other than the
// guarded ones, and ignores termination signals that would end the guardian
// early.
func leadGroup() error {
	if syscall.Getpgrp() != os.Getpid() {
		return errors.New("the guardian does not lead a process group: only nodrop starts it, not a user")
	}
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	return nil
}

func killOwnGroup() { killGroupOf(os.Getpid()) }
