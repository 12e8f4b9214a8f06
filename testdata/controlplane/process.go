package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	bringUpTimeout = 90 * time.Second
	bringUpPoll    = 50 * time.Millisecond
	tailSize       = 4096
	priority       = "-10"
)

// A process is a part of the control plane, with its output in a log file.
type process struct {
	name  string
	log   string
	child *os.Process
	ended chan struct{}
}

func startProcess(dir, program string, args ...string) (*process, error) {
	name := filepath.Base(program)
	p := &process{name: name, log: filepath.Join(dir, name+".log"), ended: make(chan struct{})}
	output, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }()

	// A cluster's control plane has machines of its own: on a busy one, it comes
	// before what the tests run. Without the permission, nice changes nothing.
	command := exec.Command("nice", append([]string{"-n", priority, program}, args...)...)
	command.Dir, command.Stdout, command.Stderr = dir, output, output
	// A terminal's interrupt is for the command alone.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, err
	}
	p.child = command.Process
	go func() {
		defer close(p.ended)
		_ = command.Wait() // the log says why
	}()
	return p, nil
}

// waitUp returns when check succeeds, and fails with the end of the log.
func (p *process) waitUp(ctx context.Context, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, bringUpTimeout)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(bringUpPoll):
		case <-p.ended:
			return fmt.Errorf("%s has ended:\n%s", p.name, p.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s is not up: %w\n%s", p.name, err, p.tail())
		}
	}
}

func (p *process) kill() {
	_ = p.child.Kill() // it may have ended by itself
	<-p.ended
}

func (p *process) tail() []byte {
	log, err := os.ReadFile(p.log)
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(log[max(0, len(log)-tailSize):])
}
