package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nodrop/loadgen/safetext"
	"nodrop/scenario"
	"nodrop/scenario/proc"
)

// readyTimeout limits how long a child may take to listen.
const readyTimeout = 30 * time.Second

// process is one child, from its start until it has been reaped.
type process struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser // the control pipe
	tail  scenario.Tail
	asked atomic.Bool // its exit is expected from now on
	leads bool        // it leads its own process group, which must end with it

	ready          chan string    // gets the address once
	listenerClosed chan time.Time // gets the time once
	exited         chan struct{}  // closed when the rest is known and all output has been read

	exitedAt time.Time // these three are set before exited is closed
	err      error     // as exec.Cmd.Wait returned it
	crashed  bool      // it exited without a request
}

// alone, as leader, means that the child leads its own process group, which
// must end with it.
const alone = -1

// startProcess starts a child in the process group of leader; with 0 or alone,
// in a new group that it leads.
func startProcess(name string, cmd *exec.Cmd, leader int, log *complaints) (*process, error) {
	p := &process{
		name:           name,
		cmd:            cmd,
		ready:          make(chan string, 1),
		listenerClosed: make(chan time.Time, 1),
		exited:         make(chan struct{}),
	}
	proc.Join(p.cmd, max(0, leader))
	p.leads = leader == alone
	if err := p.start(log); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// start gives the child our own output pipes. With those of exec, Wait would
// either lose unread output or wait for the readers, and the exit time would be
// late.
func (p *process) start(log *complaints) (err error) {
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	stdout, stdoutChild, err := os.Pipe()
	if err != nil {
		return errors.Join(err, p.stdin.Close())
	}
	stderr, stderrChild, err := os.Pipe()
	if err != nil {
		return errors.Join(err, p.stdin.Close(), stdout.Close(), stdoutChild.Close())
	}
	p.cmd.Stdout, p.cmd.Stderr = stdoutChild, stderrChild
	err = p.cmd.Start()
	_, _ = stdoutChild.Close(), stderrChild.Close() // the child has copies
	if err != nil {
		_, _ = stdout.Close(), stderr.Close() // Start has closed stdin
		return err
	}
	var output sync.WaitGroup
	output.Go(func() { eachLine(stdout, p.hear) })
	output.Go(func() {
		eachLine(stderr, func(line string) {
			line = safetext.MaskText(line) // a gateway may log requests with secrets
			p.tail.Add(line)
			// Installed gateways also log that they were told to stop.
			if !p.leads || !p.asked.Load() {
				log.line(p.name, line)
			}
		})
	})
	go p.wait(&output)
	return nil
}

// wait reaps the child. It takes the exit time first and reads the remaining
// output afterwards.
func (p *process) wait(output *sync.WaitGroup) {
	p.err = p.cmd.Wait()
	p.exitedAt = time.Now()
	p.crashed = !p.asked.Load()
	if p.leads {
		proc.KillGroup(p.cmd) // processes left in the group keep the output pipes open
	}
	output.Wait()
	close(p.exited)
}

// hear handles one line of the child's stdout; it ignores unknown lines.
func (p *process) hear(line string) {
	word, arg, _ := strings.Cut(line, " ")
	switch word {
	case sayReady:
		offer(p.ready, arg)
	case sayListenerClosed:
		if ns, err := strconv.ParseInt(arg, 10, 64); err == nil {
			offer(p.listenerClosed, moment(ns))
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
func (p *process) awaitReady(ctx context.Context) (string, error) {
	timeout := time.NewTimer(readyTimeout)
	defer timeout.Stop()
	select {
	case addr := <-p.ready:
		return addr, nil
	case <-p.exited:
		return "", fmt.Errorf("%s did not start: %w", p.name, p.failure())
	case <-timeout.C:
		return "", p.withTail(fmt.Errorf("%s is not ready after %v", p.name, readyTimeout))
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// ask sends the child a request. After a stop request, its exit is no crash.
func (p *process) ask(r stopRequest) error {
	if r == requestTerm {
		p.asked.Store(true)
	}
	return sendRequest(p.cmd.Process, p.stdin, r)
}

// kill ends the child at once. It is no error if the child has exited already.
func (p *process) kill() {
	p.asked.Store(true)
	if p.leads && p.alive() {
		proc.KillGroup(p.cmd)
		return
	}
	_ = p.cmd.Process.Kill()
}

// failure says how the child ended, with its last output; nil for an expected
// exit with status 0. Call it only after exited is closed.
func (p *process) failure() error {
	if p.err == nil && !p.crashed {
		return nil
	}
	if p.err == nil {
		return p.withTail(errors.New("exit status 0"))
	}
	return p.withTail(p.err)
}

func (p *process) withTail(err error) error {
	return &scenario.LogError{Err: err, Of: p.name, Lines: p.tail.Lines()}
}

// crash returns the error of a child that exited without a request, or nil.
func (p *process) crash() error {
	select {
	case <-p.exited:
	default:
		return nil
	}
	if !p.crashed {
		return nil
	}
	return fmt.Errorf("%s exited before it was asked to: %w", p.name, p.failure())
}

// awaitExit waits for the child's exit. It never misses an exit before the end
// of ctx.
func (p *process) awaitExit(ctx context.Context) error {
	select {
	case <-p.exited:
		return nil
	case <-ctx.Done():
		if p.alive() {
			return ctx.Err()
		}
		return nil
	}
}

// alive reports whether the child has not been reaped yet.
func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}
