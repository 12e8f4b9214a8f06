package lab

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/proc"
)

// ClientRun runs another load generator against a fleet and changes the fleet
// meanwhile. It needs a process in its own network namespace.
type ClientRun struct {
	Options
	Change

	Command string        // run by the shell
	At      time.Duration // from the command's start to the change
}

// ClientResult is what the lab observed; the client reports its own results.
type ClientResult struct {
	Fleet  string
	Marks  []record.Mark // in ns since the client's start
	Kernel KernelCounts  // from the client's start to its end
	// Problem is why the run is invalid; nil if it is valid.
	Problem error
}

// Run starts the fleet and the client, changes the fleet, and waits for both.
// The client's output goes to stdout and stderr. Run calls begun once the fleet
// serves, and leaves nothing running.
func (c *ClientRun) Run(ctx context.Context, stdout, stderr io.Writer, begun func(fleet string)) (result *ClientResult, err error) {
	fleet, err := Start(ctx, c.Options)
	if err != nil {
		return nil, err
	}
	defer func() { err = scenario.Joined(err, fleet.Stop(context.WithoutCancel(ctx))) }()
	result = &ClientResult{Fleet: fleet.String()}
	begun(result.Fleet)
	processes := &proc.Group{Executable: c.Executable}
	defer func() { err = scenario.Joined(err, processes.Close()) }()

	before, err := kernelCounts()
	if err != nil {
		return nil, err
	}
	diary := &diary{begin: time.Now()}
	fleet.Watch(diary.moment)
	client := exec.Command("sh", "-c", c.Command) //nolint:noctx,gosec // its whole group is killed; it is the user's command
	client.Stdout, client.Stderr = stdout, stderr
	if err := processes.Start(client); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() {
		err := client.Wait()
		processes.Done(client)
		ended <- err
	}()
	result.Problem = c.beside(ctx, fleet, diary, ended, func() { proc.KillGroup(client) })
	after, err := kernelCounts()
	if err != nil {
		return nil, err
	}
	result.Marks, result.Kernel = diary.list(), after.since(before)
	return result, nil
}

// beside changes the fleet when due, and returns once both the change and the
// client have ended.
func (c *ClientRun) beside(ctx context.Context, fleet *Fleet, diary *diary, ended <-chan error, kill func()) error {
	due := time.NewTimer(c.At)
	defer due.Stop()
	var changed chan error // nil until the change is due
	clientErr, over := error(nil), false
	for !over || changed != nil {
		select {
		case <-due.C:
			changed = make(chan error, 1)
			go func() {
				begin := time.Now()
				err := c.change(ctx, fleet, diary.moment)
				diary.step(c.String(), begin, err)
				changed <- err
			}()
		case err := <-changed:
			if err != nil {
				kill()
				return fmt.Errorf("%s: %w", c.Change, err)
			}
			changed = nil
		case clientErr = <-ended:
			over = true
			if due.Stop() {
				return scenario.Joined(clientError(clientErr), fmt.Errorf("the client ended before %v, when the fleet was to change", c.At))
			}
			ended = nil
		case <-ctx.Done():
			kill()
			return context.Cause(ctx)
		}
	}
	return clientError(clientErr)
}

func clientError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the client: %w", err)
}

func (c *Change) change(ctx context.Context, fleet *Fleet, mark func(scenario.Moment)) error {
	if c.Restart > 0 {
		return fleet.Restart(ctx, c.Restart, mark)
	}
	return fleet.Scale(ctx, c.Scale, mark)
}

type diary struct {
	begin time.Time

	mu    sync.Mutex // guards marks
	marks []record.Mark
}

func (d *diary) moment(m scenario.Moment) {
	mark := m.Mark()
	mark.Start = m.At.Sub(d.begin).Nanoseconds()
	mark.End = mark.Start
	d.add(mark)
}

func (d *diary) step(name string, begin time.Time, err error) {
	m := record.Mark{Kind: record.MarkStep, Name: name, Start: begin.Sub(d.begin).Nanoseconds(), End: time.Since(d.begin).Nanoseconds()}
	if err != nil {
		m.Error = err.Error()
	}
	d.add(m)
}

func (d *diary) add(m record.Mark) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.marks = append(d.marks, m)
}

func (d *diary) list() []record.Mark {
	d.mu.Lock()
	defer d.mu.Unlock()
	record.SortMarks(d.marks)
	return d.marks
}
