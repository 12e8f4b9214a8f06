// Package proc starts processes that do not outlive this one, however it ends.
// It is the only supervisor: commands, the processes of a scenario and the
// replicas of a lab are all in a Group.
//
// The pipeline: a guardian, which is this program again, reads from a pipe that
// we hold open. It learns of each process before the process starts; when the
// pipe ends, it kills them all. There are three ways to start a process:
//
//   - Start, a command: its process group is guarded until Done. What it has
//     put into a new session keeps running.
//   - Run, a named process: everything that it starts ends with it, in whatever
//     session that is.
//   - Spawn, a child whose output is read. If it leads a process group, the
//     group ends with it, and what has left the group ends with KillAll or
//     Close. Otherwise it is in the guardian's own process group from its
//     first instruction on, so the guardian need not be told.
//
// If a guardian is killed, the next start replaces it, because nothing that
// restores a system may be refused. The new one is told what the old one knew.
//
// The invariants: from its start to its end, a process ends with us, even if we
// are killed; an exit is expected only if the process was asked to exit before
// it did; the time of an exit is taken before the output that is left is read.
//
// On Linux, a tag in the inherited environment tells which process a descendant
// belongs to. A descendant without the tag that has gone into the background
// becomes our child, because we adopt orphans. It belongs to the named
// processes if no command was running when it appeared; otherwise it is left
// running. After our own death nobody adopts orphans, so only tagged processes
// can be found.
package proc

import (
	"context"
	"io"
	"os/exec"
	"sync"
)

// Group holds the processes started for one task. The zero Group is empty and
// has no guardian yet. It must be closed.
type Group struct {
	Executable string // the program that calls Main; "" is the current one
	// Environ is added to the environment of commands and of processes that lead
	// a group: NAME=value. It takes precedence.
	Environ []string

	mu       sync.Mutex     // guards all below
	guardian *Process       // nil until it guards
	pipe     io.WriteCloser // to the guardian
	told     guarded        // what the guardian knows, for one that replaces it
	closed   bool
	named    map[string]*Process
	running  map[tag]bool      // tags of named processes that have not been waited for
	commands map[*exec.Cmd]tag // started and not done
	theirs   map[int]bool      // orphans that named processes left while no command was running
	members  map[*Process]int  // in a guardian's process group, whose id this is
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
	t := newTag()
	if err := g.start(cmd, t, sayCommand); err != nil {
		return err
	}
	if g.commands == nil {
		g.commands = map[*exec.Cmd]tag{}
	}
	g.commands[cmd] = t
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
func (g *Group) start(cmd *exec.Cmd, t tag, word string) error {
	if err := g.needGuardian(context.Background()); err != nil {
		return err
	}
	if err := g.tell(word, t); err != nil {
		return err
	}
	t.put(cmd)
	cmd.Env = append(cmd.Env, g.Environ...)
	setGroup(cmd, 0)
	if err := cmd.Start(); err != nil {
		return err
	}
	g.say(sayLeader, cmd.Process.Pid)
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
	g.say(sayDone, cmd.Process.Pid)
	g.say(sayUntag, g.commands[cmd])
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
func (g *Group) end(p *Process) {
	g.release(p)
	g.mu.Lock()
	defer g.mu.Unlock()
	sweep(func(t tag, _ int) bool { return t == p.tag })
	delete(g.running, p.tag)
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

// release kills what is left of the process group of a process that has been
// waited for. The guardian forgets the process, because its id may be reused.
func (g *Group) release(p *Process) {
	killGroupOf(p.PID())
	g.mu.Lock()
	defer g.mu.Unlock()
	g.say(sayDone, p.PID())
}

// Close kills the processes that are left and waits for the guardian.
func (g *Group) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.guardian == nil {
		g.closed = true
		return nil
	}
	if isClosed(g.guardian.exited) { // killed: it has ended nothing
		if err := g.replaceGuardian(context.Background()); err != nil {
			return err
		}
	}
	g.closed = true
	return dismiss(g.guardian, g.pipe)
}
