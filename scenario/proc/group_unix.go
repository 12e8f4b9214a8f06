//go:build unix

package proc

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// Join makes cmd, not yet started, a member of the process group that leader
// leads; with leader 0, the leader of a new one. A terminal's Ctrl-C reaches no
// member.
func Join(cmd *exec.Cmd, leader int) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: leader}
}

// killGroupOf kills cmd, a leader, and all that is left of its group.
func killGroupOf(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// leadGroup makes sure that killOwnGroup hits the guarded and nothing else, and
// that polite signals do not end the guardian before its time.
func leadGroup() error {
	if syscall.Getpgrp() != os.Getpid() {
		return errors.New("the guardian does not lead a process group: it is not started by hand")
	}
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	return nil
}

// killOwnGroup kills every process of the own group, this one included.
func killOwnGroup() { killGroupOf(os.Getpid()) }
