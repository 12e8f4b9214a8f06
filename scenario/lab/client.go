package lab

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/lab/kernel"
	"nodrop/scenario/proc"
)

// ClientRun is a scenario with another load generator: a command that runs
// beside a fleet while that changes. It needs a process in its own network
// namespace. What the command counts is its own affair: the run has only marks.
type ClientRun struct {
	Options
	Change

	Command string        // run by the shell
	At      time.Duration // from the command's start to the change

	Stdout, Stderr io.Writer          // get the command's output
	Begun          func(fleet string) // called once the fleet serves, before the command starts

	// What the scenario adds:

	Kernel  kernel.Counts // from the command's start until both it and the change have ended
	Problem error         // why the run is invalid; nil if it is valid
}

// Scenario starts the fleet and the command, and changes the fleet when due.
func (c *ClientRun) Scenario() *scenario.Scenario {
	fleet := &FleetAction{Options: c.Options}
	by := func(context.Context, loadgen.Config) (scenario.Load, error) {
		return &client{of: c, fleet: fleet, over: make(chan struct{})}, nil
	}
	change := scenario.Step{Name: c.String(), At: scenario.At{Time: c.At}, Action: &ChangeAction{fleet, c.Change}}
	return &scenario.Scenario{
		Streams:  []scenario.Stream{{By: by}},
		Variants: []scenario.Variant{{Setup: []scenario.Action{fleet}, Timeline: []scenario.Step{change}}},
	}
}

// client is the command as a load.
type client struct {
	of     *ClientRun
	fleet  *FleetAction
	before kernel.Counts
	begin  time.Time
	marks  record.Marks
	over   chan struct{} // closed when the command has ended, or could not be started

	mu     sync.Mutex // guards all below
	cmd    *exec.Cmd  // nil unless it runs
	end    time.Time  // zero until the command has ended
	err    error      // why it could not be started
	exit   error      // how it ended
	change error      // why the change failed
}

// Start starts the command. If that fails, the load is over at once.
func (c *client) Start(context.Context) {
	c.of.Begun(c.fleet.fleet.String())
	cmd := exec.Command("sh", "-c", c.of.Command) //nolint:noctx,gosec // its whole group is killed; it is the user's command
	cmd.Stdout, cmd.Stderr = c.of.Stdout, c.of.Stderr
	cmd.Env = c.fleet.fleet.certificate.Environ()
	var err error
	c.before, err = kernel.Count()
	c.begin = time.Now()
	if err == nil {
		err = c.fleet.processes.Start(cmd)
	}
	if err != nil {
		c.err, c.end = err, c.begin
		close(c.over)
		return
	}
	c.cmd = cmd
	c.marks.Each(c.heed)
	go c.wait(cmd)
}

func (c *client) wait(cmd *exec.Cmd) {
	defer close(c.over)
	err := cmd.Wait()
	c.mu.Lock()
	c.cmd, c.exit, c.end = nil, err, time.Now()
	c.mu.Unlock()
	c.fleet.processes.Done(cmd)
}

// heed ends the command if the change has failed.
func (c *client) heed(m record.Mark) {
	if m.Kind != record.MarkStep || m.Error == "" {
		return
	}
	c.mu.Lock()
	c.change = fmt.Errorf("%s: %s", m.Name, m.Error)
	c.mu.Unlock()
	c.Abort()
}

// Progress knows only how long the command has run.
func (c *client) Progress() record.Progress {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.end.IsZero() {
		return record.Progress{Elapsed: c.end.Sub(c.begin), Over: true}
	}
	return record.Progress{Elapsed: time.Since(c.begin)}
}

func (c *client) Warnings() []string        { return nil }
func (c *client) Marks() *record.Marks      { return &c.marks }
func (c *client) Settings() record.Settings { return record.Settings{} } // the command knows
func (c *client) Since(t time.Time) int64   { return t.Sub(c.begin).Nanoseconds() }

// Hold and Release do nothing: how long the command runs is its own affair.
func (c *client) Hold()    {}
func (c *client) Release() {}

// Stop ends the command at once: what it has in flight is not known.
func (c *client) Stop() (bound time.Duration) {
	c.Abort()
	return 0
}

// Abort ends the command at once.
func (c *client) Abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd != nil {
		proc.KillGroup(c.cmd)
	}
}

// Result is called when the change has ended, too.
func (c *client) Result() (*record.Run, error) {
	<-c.over
	run := &record.Run{StartedAt: c.begin.Round(0), Duration: c.end.Sub(c.begin).Nanoseconds()}
	if c.err != nil {
		return run, c.err
	}
	after, err := kernel.Count()
	c.of.Kernel, c.of.Problem = after.Since(c.before), c.problem()
	return run, err
}

// problem is why the run is invalid.
func (c *client) problem() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var exit error
	if c.exit != nil {
		exit = fmt.Errorf("the client failed: %w", c.exit)
	}
	switch {
	case c.end.Sub(c.begin) < c.of.At:
		return scenario.Joined(exit, fmt.Errorf("the client ended before the fleet changed, which was due after %v", c.of.At))
	case c.change != nil:
		return c.change
	}
	return exit
}

func (c *client) End(*record.Run) {}
func (c *client) Close()          {}
