package proc

import (
	"context"
	"fmt"
	"os/exec"
)

// Child describes a process whose output is read while it runs.
type Child struct {
	Name string // for messages; Find does not know it
	Cmd  *exec.Cmd
	// Leads means that it leads a process group, because it may start processes
	// itself.
	Leads bool
	// Stdout and Stderr are called for each line that it writes.
	Stdout, Stderr func(p *Process, line string)
}

// Spawn starts a child.
func (g *Group) Spawn(c *Child) (*Process, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.needGuardian(context.Background()); err != nil {
		return nil, err
	}
	if c.Leads {
		return c.launch(g.startLeader, g.release)
	}
	return c.launch(g.startMember, g.leave)
}

// launch starts a child and reads its output.
func (c *Child) launch(start func(*Process) error, reaped func(*Process)) (*Process, error) {
	p := newProcess(c.Name, c.Cmd)
	out, err := connect(c.Cmd)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	if err := start(p); err != nil {
		out.close()
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	go p.reap(reaped, out.read(p, c))
	return p, nil
}

// startLeader starts a process as the leader of a new process group. The caller must
// hold the lock.
func (g *Group) startLeader(p *Process) error {
	p.tag, p.leads = newTag(), true
	return g.start(p.cmd, p.tag, sayTag)
}

// startMember starts a process in the guardian's process group. The caller must hold
// the lock.
func (g *Group) startMember(p *Process) error {
	group := g.guardian.PID()
	setGroup(p.cmd, group)
	if err := p.cmd.Start(); err != nil {
		return err
	}
	if g.members == nil {
		g.members = map[*Process]int{}
	}
	g.members[p] = group
	return nil
}

// leave forgets a member that has been waited for. The guardian forgets the
// group of its predecessor when the last member has left, because the id may be
// reused.
func (g *Group) leave(p *Process) {
	g.mu.Lock()
	defer g.mu.Unlock()
	group := g.members[p]
	delete(g.members, p)
	for _, other := range g.members {
		if other == group {
			return
		}
	}
	if g.told.leaders[group] {
		g.say(sayDone, group)
	}
}
