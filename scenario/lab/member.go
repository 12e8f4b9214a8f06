package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"nodrop/loadgen/safetext"
	"nodrop/scenario"
	"nodrop/scenario/proc"
)

// readyTimeout limits how long a child may take to listen.
const readyTimeout = 30 * time.Second

// member is a process of the fleet, with what it says on its stdout.
type member struct {
	*proc.Process
	control io.WriteCloser // its stdin: EOF means that we are gone
	tail    proc.Tail      // of its stderr; a guardian keeps its own

	ready          chan string    // gets the address once
	listenerClosed chan time.Time // gets the time once
}

// spawn starts cmd as a member of the fleet; leads is as in proc.Child.
func (f *Fleet) spawn(name string, cmd *exec.Cmd, leads bool) (*member, error) {
	control, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m := &member{control: control, ready: make(chan string, 1), listenerClosed: make(chan time.Time, 1)}
	m.Process, err = f.group.Spawn(&proc.Child{
		Name: name, Cmd: cmd, Leads: leads,
		Stdout: func(_ *proc.Process, line string) { m.hear(line) },
		Stderr: func(p *proc.Process, line string) {
			line = safetext.MaskText(line) // a gateway may log requests with secrets
			m.tail.Add(line)
			// Installed gateways also log that they were told to stop.
			if !leads || !p.Asked() {
				f.log.line(name, line)
			}
		},
	})
	if err != nil {
		_ = control.Close()
		return nil, err
	}
	return m, nil
}

// hear handles one line of the child's stdout; it ignores unknown lines.
func (m *member) hear(line string) {
	word, arg, _ := strings.Cut(line, " ")
	switch word {
	case sayReady:
		offer(m.ready, arg)
	case sayListenerClosed:
		if ns, err := strconv.ParseInt(arg, 10, 64); err == nil {
			offer(m.listenerClosed, moment(ns))
		}
	}
}

// offer sends without blocking, so it ignores what a child repeats.
func offer[T any](c chan<- T, v T) {
	select {
	case c <- v:
	default:
	}
}

// awaitReady waits until the child listens and returns its address.
func (m *member) awaitReady(ctx context.Context) (string, error) {
	timeout := time.NewTimer(readyTimeout)
	defer timeout.Stop()
	select {
	case addr := <-m.ready:
		return addr, nil
	case <-m.Ended:
		return "", fmt.Errorf("%s did not start: %w", m.Name, m.failure())
	case <-timeout.C:
		return "", m.withTail(fmt.Errorf("%s is not ready after %v", m.Name, readyTimeout))
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// request sends the child a request. After a stop request, its exit is no crash.
func (m *member) request(r stopRequest) error {
	if r == requestTerm {
		m.Ask()
	}
	return sendRequest(m, r)
}

// failure says how the child ended, with its last output; nil for an expected
// exit with status 0. Call it only after Ended is closed.
func (m *member) failure() error {
	switch {
	case m.Err != nil:
		return m.withTail(m.Err)
	case m.Crashed():
		return m.withTail(errors.New("exit status 0"))
	}
	return nil
}

func (m *member) withTail(err error) error {
	return &scenario.LogError{Err: err, Of: m.Name, Lines: append(m.tail.Lines(), m.Said()...)}
}

// crash returns the error of a child that exited without a request, or nil.
func (m *member) crash() error {
	if m.Alive() || !m.Crashed() {
		return nil
	}
	return fmt.Errorf("%s exited unexpectedly: %w", m.Name, m.failure())
}
