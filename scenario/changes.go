package scenario

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"nodrop/scenario/proc"
)

// changes lists, in order, the actions that may have changed something.
type changes struct {
	processes  *proc.Group
	interrupts *Interrupts
	watch      Watch
	log        Log
	output     All

	mu   sync.Mutex // guards list
	list []changed
}

// changed is an action whose Run was called.
type changed struct {
	name   string // the name of its step
	action Action
	entry  *entry
}

// do runs an action that must be undone later. name is the name of its step, or
// "" if the action is not a named step.
func (c *changes) do(ctx context.Context, name string, a Action, env *Env) error {
	return c.begin(name, a)(ctx, env)
}

// begin registers an action before it runs, and returns a function that runs
// it. Registering first means that the action is undone even if the run is
// interrupted.
func (c *changes) begin(name string, a Action) func(context.Context, *Env) error {
	ledger := &c.interrupts.ledger
	e := ledger.toUndo(name, a)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, changed{name, a, e})
	return func(ctx context.Context, env *Env) error {
		defer ledger.update(e, name, a, true)
		err := a.Run(ctx, env)
		env.Log.Failed(cmp.Or(name, "the set-up"), err)
		return err
	}
}

// lookAgain updates what Undo of each action will do, once no action is
// running: a later action may have taken over what an earlier one would have
// restored.
func (c *changes) lookAgain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.list {
		c.interrupts.ledger.update(one.entry, one.name, one.action, true)
	}
}

// restore runs the restore actions, then undoes the changes. It tries all of
// them and returns every error. If ctx ends, restore continues but prints what
// it restores.
func (c *changes) restore(ctx context.Context, restore []Action) error {
	nowhere := &Env{Mark: func(Moment) {}, Log: c.log, Output: c.output, Processes: c.processes}
	c.lookAgain()
	var all error
	for i, e := range slices.Clone(c.interrupts.ledger.restore) {
		all = Joined(all, c.try(ctx, e, func(ctx context.Context) error { return restore[i].Run(ctx, nowhere) }))
	}
	return Joined(all, c.undo(ctx))
}

// undo undoes the changes in reverse order, as restore does.
func (c *changes) undo(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all error
	for _, one := range slices.Backward(c.list) {
		all = Joined(all, c.try(ctx, one.entry, one.action.Undo))
	}
	return all
}

// try restores one entry of the ledger.
func (c *changes) try(ctx context.Context, e *entry, do func(context.Context) error) error {
	defer c.say(ctx, e)()
	ended := func() {}
	if e.text != "" {
		ended = c.watch.act(PhaseRestore, e.text)
	}
	err := bounded(do)
	ended()
	c.interrupts.ledger.done(e, err == nil)
	if err != nil {
		c.log.Failed("restore", err)
		return fmt.Errorf("%w: %w", ErrRestore, err)
	}
	return nil
}

// say prints what is being restored, at once if ctx has ended, otherwise when
// it ends. The function it returns cancels this.
func (c *changes) say(ctx context.Context, e *entry) func() {
	if e.text == "" {
		return func() {}
	}
	line := fmt.Sprintf("restoring: %s, for at most %s", short(e.text), Span(undoBound))
	if ctx.Err() != nil {
		c.interrupts.Say(line)
		return func() {}
	}
	stop := context.AfterFunc(ctx, func() { c.interrupts.Say("interrupted: " + line) })
	return func() { stop() }
}

// bounded calls do with a context that ends only after undoBound.
func bounded(do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), undoBound)
	defer cancel()
	err := do(ctx)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		return lateError{err}
	}
	return err
}
