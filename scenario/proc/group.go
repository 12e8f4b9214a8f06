// Package proc starts processes that do not outlive this one, however it ends.
//
// The pipeline: a guardian, which is this program again, holds a pipe to us and
// is told of each process group; when the pipe ends, it kills them.
//
// The invariant: between Start and Done a process group ends with us, also when
// we are killed.
package proc

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

// Group is the processes that are started for one task. The zero Group is
// empty, and has no guardian yet. It must be closed.
type Group struct {
	Executable string // the program that calls Main; "" is this one

	mu       sync.Mutex // guards all below
	guardian *exec.Cmd
	pipe     io.WriteCloser
	closed   bool
	named    map[string]*Process
	commands int          // that were started and are not done
	letBe    map[int]bool // orphans of commands, whose affair they are
}

// Start starts cmd as the leader of a process group of its own, which the
// guardian knows until Done.
func (g *Group) Start(cmd *exec.Cmd) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.start(cmd); err != nil {
		return err
	}
	g.commands++
	return nil
}

// start needs the lock.
func (g *Group) start(cmd *exec.Cmd) error {
	if g.closed {
		return errors.New("the scenario is over")
	}
	if g.guardian == nil {
		if err := g.startGuardian(); err != nil {
			return fmt.Errorf("guardian: %w", err)
		}
	}
	Join(cmd, 0)
	if err := cmd.Start(); err != nil {
		return err
	}
	g.tell(Guard, cmd)
	return nil
}

// Kill ends cmd, which Start has started and nobody has waited for, with all of
// its group.
func (g *Group) Kill(cmd *exec.Cmd) { killGroupOf(cmd.Process.Pid) }

// KillGroup kills cmd, which leads a process group, with all that is left of it.
func KillGroup(cmd *exec.Cmd) { killGroupOf(cmd.Process.Pid) }

// Done takes cmd, which has been waited for, out of the guardian's care. What it
// left running in the background is its own affair from here on.
func (g *Group) Done(cmd *exec.Cmd) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tell(Unguard, cmd)
	g.commands--
	if g.letBe == nil {
		g.letBe = map[int]bool{}
	}
	for _, pid := range orphans() {
		g.letBe[pid] = true
	}
}

// end is for a named process that has been waited for: what it leaves behind is
// a part of it, also what has gone into the background. While a command runs,
// that cannot be told from what the command leaves, and is let be.
func (g *Group) end(cmd *exec.Cmd) {
	killGroupOf(cmd.Process.Pid)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tell(Unguard, cmd)
	if g.commands > 0 {
		return
	}
	for _, pid := range orphans() {
		if !g.letBe[pid] {
			killOrphan(pid)
		}
	}
}

// tell needs the lock.
func (g *Group) tell(say func(io.Writer, *exec.Cmd), cmd *exec.Cmd) {
	if !g.closed {
		say(g.pipe, cmd)
	}
}

func (g *Group) startGuardian() error {
	self := g.Executable
	if self == "" {
		var err error
		if self, err = os.Executable(); err != nil {
			return err
		}
	}
	cmd := exec.Command(self, GuardianCommand) //nolint:noctx // its end is that of the pipe
	Join(cmd, 0)
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return errors.Join(err, pipe.Close())
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != guardianReady+"\n" {
		return errors.Join(fmt.Errorf("it does not guard: %q", line), err, pipe.Close(), cmd.Wait())
	}
	g.guardian, g.pipe = cmd, pipe
	return nil
}

// Close kills what is left of the Group, and waits for the guardian.
func (g *Group) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.guardian == nil {
		g.closed = true
		return nil
	}
	g.closed = true
	err := g.pipe.Close()
	_ = g.guardian.Wait() // it kills itself
	return err
}
