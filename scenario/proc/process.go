package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

// Process is a long-running member of a Group.
type Process struct {
	Name string
	// Ended is closed when the process has been waited for and its output has
	// been read. EndedAt and Err, the result of exec.Cmd.Wait, are set before
	// that.
	Ended   chan struct{}
	EndedAt time.Time
	Err     error

	cmd     *exec.Cmd
	tag     tag            // "" if it has none
	leads   bool           // it leads a process group, which ends with it
	leaving chan struct{}  // closed once it has been asked to exit
	exited  chan struct{}  // closed before Ended, once EndedAt and Err are set: its id may be reused
	ending  func(*Process) // called before Ended is closed; may be nil
	exit    atomic.Int32
	said    Tail // a guardian's stderr
}

func newProcess(name string, cmd *exec.Cmd) *Process {
	return &Process{Name: name, Ended: make(chan struct{}), cmd: cmd, leaving: make(chan struct{}), exited: make(chan struct{})}
}

// What is known about the exit of a Process. An exit is a crash unless the
// process was asked to exit first.
const (
	unasked int32 = iota // it has not exited, and nobody has asked it to
	asked                // it was asked to exit before it did
	crashed              // it exited unasked
)

// Run starts cmd as the process with this name, which no other running process
// may have.
func (g *Group) Run(name string, cmd *exec.Cmd) (*Process, error) {
	return g.RunUntil(name, cmd, nil)
}

// RunUntil is Run. When the process has exited, and everything that it left has
// ended, it calls ending, unless that is nil; only then is Ended closed.
func (g *Group) RunUntil(name string, cmd *exec.Cmd, ending func(*Process)) (*Process, error) {
	if p := g.Find(name); p != nil && p.Alive() {
		return nil, fmt.Errorf("a process named %s is already running", name)
	}
	if err := adopt(); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	p := newProcess(name, cmd)
	p.ending = ending
	if err := g.startLeader(p); err != nil {
		return nil, err
	}
	if g.named == nil {
		g.named, g.running = map[string]*Process{}, map[tag]bool{}
	}
	g.named[name], g.running[p.tag] = p, true
	go p.reap(g.end, &sync.WaitGroup{})
	return p, nil
}

// reap waits for the process, records the time of its exit, calls reaped, and
// only then waits for the remaining output and calls ending.
func (p *Process) reap(reaped func(*Process), output *sync.WaitGroup) {
	p.Err = p.cmd.Wait()
	p.EndedAt = time.Now()
	p.exit.CompareAndSwap(unasked, crashed)
	close(p.exited)
	reaped(p)
	output.Wait()
	if p.ending != nil {
		p.ending(p)
	}
	close(p.Ended)
}

// Find returns the last process started under a name, or nil.
func (g *Group) Find(name string) *Process {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.named[name]
}

// Alive reports whether Ended is still open: the process runs, or its output is
// still being read.
func (p *Process) Alive() bool { return !isClosed(p.Ended) }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Await waits for Ended. If ctx has ended as well, an exit that has already
// happened counts.
func (p *Process) Await(ctx context.Context) error { return await(ctx, p.Ended) }

// await waits until c is closed. If ctx has ended as well, that counts.
func await(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		if isClosed(c) {
			return nil
		}
		return ctx.Err()
	}
}

// PID returns the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ask makes the exit of the process expected from now on.
func (p *Process) Ask() {
	if p.exit.CompareAndSwap(unasked, asked) {
		close(p.leaving)
	}
}

// Leaving is closed once the process has been asked to exit.
func (p *Process) Leaving() <-chan struct{} { return p.leaving }

// Gone reports whether the process has exited. What it left may still be
// running.
func (p *Process) Gone() bool { return isClosed(p.exited) }

// Asked reports whether the process was asked to exit before it did, or was
// sent a signal, so that its exit is expected.
func (p *Process) Asked() bool { return p.exit.Load() == asked }

// Crashed reports whether the process exited unasked, with whatever status.
func (p *Process) Crashed() bool { return p.exit.Load() == crashed }

// Send sends a signal to the process, not to its children. Its exit is not
// expected because of that.
func (p *Process) Send(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Signal is Send for a signal that may make the process exit. It is an error if
// the process has exited.
func (p *Process) Signal(s os.Signal) error {
	if !p.Alive() {
		return errors.New("it has already exited")
	}
	p.Ask()
	return p.Send(s)
}

// Kill kills the process, with its group if it leads one. It does nothing if
// the process has exited, even if its output is still held open: by then
// another group may have its id.
func (p *Process) Kill() {
	switch {
	case isClosed(p.exited):
	case p.leads:
		p.Ask()
		killGroupOf(p.PID())
	default:
		p.Ask()
		_ = p.cmd.Process.Kill()
	}
}

// KillAll kills processes and what they have started. It returns once it has
// waited for them, or when ctx ends; then they may end unobserved.
func (g *Group) KillAll(ctx context.Context, list ...*Process) error {
	for _, p := range list {
		p.Kill()
	}
	// What has left a group may hold the output, so it must go before Ended is
	// awaited.
	tags, spared := map[tag]bool{}, map[int]bool{}
	for _, p := range list {
		if await(ctx, p.exited) != nil { // a sweep would take its exit status away
			spared[p.PID()] = true
		}
		if p.tag != "" {
			tags[p.tag] = true
		}
	}
	if len(tags) > 0 {
		sweep(func(t tag, pid int) bool { return tags[t] && !spared[pid] })
	}
	var err error
	for _, p := range list {
		if p.Await(ctx) != nil {
			err = ctx.Err()
		}
	}
	return err
}
