// Package proc starts processes that do not outlive this one, however it ends.
//
// The pipeline: a guardian, which is this program again, holds a pipe to us and
// hears of each process before that is started; when the pipe ends, it kills them.
//
// The invariant: between Start and Done a process group ends with us, also when
// we are killed. What a named process starts (Run) ends with it, wherever it has
// gone; what a command (Start) has put into a session of its own stays.
//
// Whose a process is follows, on Linux, from the tag in the environment that it
// has inherited. One that has cleared its environment and gone into the
// background becomes our child, as we adopt orphans: it belongs to the named
// processes if no command ran when it came, and is left running otherwise. After
// our own death nobody adopts it, and it is found by its tag or not at all.
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
	running  map[Tag]bool      // of named processes that have not been waited for
	commands map[*exec.Cmd]Tag // that were started and are not done
	theirs   map[int]bool      // orphans that named processes left while no command ran
	detached map[int]bool      // orphans of commands, whose affair they are
}

// Start starts cmd as the leader of a process group of its own, which the
// guardian knows until Done.
func (g *Group) Start(cmd *exec.Cmd) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.commands) == 0 {
		g.claim()
	}
	tag := NewTag()
	if err := g.start(cmd, tag, sayCommand); err != nil {
		return err
	}
	if g.commands == nil {
		g.commands = map[*exec.Cmd]Tag{}
	}
	g.commands[cmd] = tag
	return nil
}

// claim notes the orphans that are there before a command runs: they are not the
// command's. It needs the lock.
func (g *Group) claim() {
	if g.theirs == nil {
		g.theirs = map[int]bool{}
	}
	for _, pid := range orphans() {
		if !g.detached[pid] && len(g.running) > 0 {
			g.theirs[pid] = true
		}
	}
}

// start needs the lock. The guardian hears of the tag first: whenever we are
// killed, it finds what came of the fork.
func (g *Group) start(cmd *exec.Cmd, tag Tag, word string) error {
	if g.closed {
		return errors.New("the scenario is over")
	}
	if g.guardian == nil {
		if err := g.startGuardian(); err != nil {
			return fmt.Errorf("guardian: %w", err)
		}
	}
	if _, err := fmt.Fprintln(g.pipe, word, tag); err != nil {
		return fmt.Errorf("guardian: %w", err)
	}
	tag.Put(cmd)
	Join(cmd, 0)
	if err := cmd.Start(); err != nil {
		return err
	}
	g.tell(Guard, cmd)
	return nil
}

// KillGroup kills cmd, which leads a process group, with all that is left of it.
func KillGroup(cmd *exec.Cmd) { killGroupOf(cmd.Process.Pid) }

// Done takes cmd, which has been waited for, out of the guardian's care. What it
// left running in the background is its own affair from here on.
func (g *Group) Done(cmd *exec.Cmd) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tell(Unguard, cmd)
	if !g.closed {
		_, _ = fmt.Fprintln(g.pipe, sayUntag, g.commands[cmd])
	}
	delete(g.commands, cmd)
	if g.detached == nil {
		g.detached = map[int]bool{}
	}
	for _, pid := range orphans() {
		if !g.theirs[pid] && !g.running[tagOf(pid)] {
			g.detached[pid] = true
		}
	}
}

// end is for a named process that has been waited for: what it leaves behind is
// a part of it, also what has gone into the background.
func (g *Group) end(cmd *exec.Cmd, tag Tag) {
	killGroupOf(cmd.Process.Pid)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tell(Unguard, cmd)
	sweep(func(t Tag, _ int) bool { return t == tag })
	delete(g.running, tag)
	if len(g.running) > 0 {
		return // what has no tag may be another's
	}
	for _, pid := range orphans() {
		if tagOf(pid) == "" && !g.detached[pid] && (g.theirs[pid] || len(g.commands) == 0) {
			killOrphan(pid)
			delete(g.theirs, pid)
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
	Untag(cmd)
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
