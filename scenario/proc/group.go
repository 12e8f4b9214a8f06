// Package proc starts processes that do not outlive this one, however it ends.
//
// The pipeline: a guardian, which is this program again, reads from a pipe that
// we hold open. It learns of each process before the process starts; when the
// pipe ends, it kills them all.
//
// The invariant: between Start and Done, a process group ends with us, even if
// we are killed. Everything that a named process (Run) starts ends with it, in
// whatever session it is. What a command (Start) has put into a new session
// keeps running.
//
// On Linux, a tag in the inherited environment tells which process a descendant
// belongs to. A descendant without the tag that has gone into the background
// becomes our child, because we adopt orphans. It belongs to the named
// processes if no command was running when it appeared; otherwise it is left
// running. After our own death nobody adopts orphans, so only tagged processes
// can be found.
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

// Group holds the processes started for one task. The zero Group is empty and
// has no guardian yet. It must be closed.
type Group struct {
	Executable string // the program that calls Main; "" is the current one

	mu       sync.Mutex // guards all below
	guardian *exec.Cmd
	pipe     io.WriteCloser
	closed   bool
	named    map[string]*Process
	running  map[Tag]bool      // tags of named processes that have not been waited for
	commands map[*exec.Cmd]Tag // started and not done
	theirs   map[int]bool      // orphans that named processes left while no command was running
	detached map[int]bool      // orphans of commands, which are left running
}

// Start starts cmd as the leader of a new process group, which the guardian
// watches until Done.
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

// claim records the orphans that exist before a command runs: they are not the
// command's. The caller must hold the lock.
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

// start passes the tag to the guardian before the fork, so that the guardian
// finds the process even if we are killed in between. The caller must hold the
// lock.
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

// KillGroup kills cmd, the leader of a process group, and the rest of the
// group.
func KillGroup(cmd *exec.Cmd) { killGroupOf(cmd.Process.Pid) }

// Done releases cmd, which has been waited for, from the guardian. What it left
// in the background keeps running.
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

// end cleans up after a named process that has been waited for: it kills
// everything the process left, including in the background.
func (g *Group) end(cmd *exec.Cmd, tag Tag) {
	killGroupOf(cmd.Process.Pid)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tell(Unguard, cmd)
	sweep(func(t Tag, _ int) bool { return t == tag })
	delete(g.running, tag)
	if len(g.running) > 0 {
		return // an untagged orphan may belong to another process
	}
	for _, pid := range orphans() {
		if tagOf(pid) == "" && !g.detached[pid] && (g.theirs[pid] || len(g.commands) == 0) {
			killOrphan(pid)
			delete(g.theirs, pid)
		}
	}
}

// The caller must hold the lock.
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

// Close kills the processes that are left and waits for the guardian.
func (g *Group) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.guardian == nil {
		g.closed = true
		return nil
	}
	g.closed = true
	err := g.pipe.Close()
	_ = g.guardian.Wait() // the guardian kills itself
	return err
}
