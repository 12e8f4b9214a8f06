package proc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"time"
)

// Process is a named, long-running member of a Group.
type Process struct {
	Name string
	// Ended is closed when the process has been waited for. EndedAt and Err,
	// the result of exec.Cmd.Wait, are set before that.
	Ended   chan struct{}
	EndedAt time.Time
	Err     error

	cmd   *exec.Cmd
	tag   Tag
	asked atomic.Bool
}

// Run starts cmd as the process with this name, which no other running process
// may have.
func (g *Group) Run(name string, cmd *exec.Cmd) (*Process, error) {
	if p := g.Find(name); p != nil && p.Alive() {
		return nil, fmt.Errorf("a process of the name %s runs already", name)
	}
	if err := adopt(); err != nil {
		return nil, err
	}
	p := &Process{Name: name, cmd: cmd, tag: NewTag(), Ended: make(chan struct{})}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.start(cmd, p.tag, sayTag); err != nil {
		return nil, err
	}
	if g.named == nil {
		g.named, g.running = map[string]*Process{}, map[Tag]bool{}
	}
	g.named[name], g.running[p.tag] = p, true
	go func() {
		p.Err = cmd.Wait()
		p.EndedAt = time.Now()
		g.end(cmd, p.tag)
		close(p.Ended)
	}()
	return p, nil
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

// Asked reports whether the process was sent a signal, so that its exit is
// expected.
func (p *Process) Asked() bool { return p.asked.Load() }

// Signal sends a signal to the process, not to its children. It is an error if
// the process has exited.
func (p *Process) Signal(s os.Signal) error {
	if !p.Alive() {
		return errors.New("it has ended")
	}
	p.asked.Store(true)
	return p.cmd.Process.Signal(s)
}

// Kill kills the process and its group. It does nothing if the process has
// exited.
func (p *Process) Kill() {
	if p.Alive() {
		p.asked.Store(true)
		killGroupOf(p.cmd.Process.Pid)
	}
}
