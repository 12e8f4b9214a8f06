//go:build unix

package lab

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// joinGroup makes cmd a member of the process group that leader leads; with
// leader 0, the leader of a new one. A terminal's Ctrl-C reaches no member.
func joinGroup(cmd *exec.Cmd, leader int) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: leader}
}

// leadGroup makes sure that killGroup hits the fleet and nothing else, and that
// polite signals do not end the guardian before its time.
func leadGroup() error {
	if syscall.Getpgrp() != os.Getpid() {
		return errors.New("the guardian does not lead a process group: it is started by the lab only")
	}
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	return nil
}

// killGroup kills every process of the own group, this one included.
func killGroup() { _ = syscall.Kill(-os.Getpid(), syscall.SIGKILL) }
