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

	cmd   *exec.Cmd
	tag   tag  // "" if it has none
	leads bool // it leads a process group, which ends with it
	exit  atomic.Int32
}

// What is known about the exit of a Process. Whichever comes first, the request
// or the exit, decides.
const (
	unasked int32 = iota // it has not exited, and nobody has asked it to
	asked                // it was asked to exit before it did
	crashed              // it exited unasked
)

// Run starts cmd as the process with this name, which no other running process
// may have.
func (g *Group) Run(name string, cmd *exec.Cmd) (*Process, error) {
	if p := g.Find(name); p != nil && p.Alive() {
		return nil, fmt.Errorf("process %s is already running", name)
	}
	if err := adopt(); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	p := &Process{Name: name, Ended: make(chan struct{}), cmd: cmd}
	if err := g.lead(p); err != nil {
		return nil, err
	}
	if g.named == nil {
		g.named, g.running = map[string]*Process{}, map[tag]bool{}
	}
	g.named[name], g.running[p.tag] = p, true
	go p.reap(g.end, &sync.WaitGroup{})
	return p, nil
}

// reap waits for the process. It takes the exit time first, calls reaped, and
// waits for the rest of the output only then.
func (p *Process) reap(reaped func(*Process), output *sync.WaitGroup) {
	p.Err = p.cmd.Wait()
	p.EndedAt = time.Now()
	p.exit.CompareAndSwap(unasked, crashed)
	reaped(p)
	output.Wait()
	close(p.Ended)
}

// Find returns the last process started under a name, or nil.
func (g *Group) Find(name string) *Process {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.named[name]
}

// Alive reports whether the process has not been waited for.
func (p *Process) Alive() bool {
	select {
	case <-p.Ended:
		return false
	default:
		return true
	}
}

// Await waits until the process has been waited for. It never misses an exit
// before the end of ctx.
func (p *Process) Await(ctx context.Context) error {
	select {
	case <-p.Ended:
		return nil
	case <-ctx.Done():
		if p.Alive() {
			return ctx.Err()
		}
		return nil
	}
}

// PID returns the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ask makes the exit of the process expected from now on.
func (p *Process) Ask() { p.exit.CompareAndSwap(unasked, asked) }

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
// the process has exited.
func (p *Process) Kill() {
	switch {
	case !p.Alive():
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
	left, tags := false, map[tag]bool{}
	for _, p := range list {
		switch {
		case p.Await(ctx) != nil: // a sweep would take its exit status away
			left = true
		case p.tag != "":
			tags[p.tag] = true
		}
	}
	if len(tags) > 0 {
		sweep(func(t tag, _ int) bool { return tags[t] })
	}
	if left {
		return ctx.Err()
	}
	return nil
}
