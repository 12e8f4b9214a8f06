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

// changes are actions that may have changed something, in order.
type changes struct {
	processes  *proc.Group
	interrupts *Interrupts
	log        Log

	mu   sync.Mutex // guards list
	list []changed
}

// changed is an action whose Run was called.
type changed struct {
	name   string // its step's
	action Action
	entry  *entry
}

// do runs an action that is to be undone. name is its step's, "" where the action
// has none but its own.
func (c *changes) do(ctx context.Context, name string, a Action, env *Env) error {
	return c.begin(name, a)(ctx, env)
}

// begin notes that an action is about to run, before anything else may, and
// returns how to run it.
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

// lookAgain asks each action what its Undo does, once none is under way: a later
// one may have taken over what an earlier one would have put back.
func (c *changes) lookAgain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.list {
		c.interrupts.ledger.update(one.entry, one.name, one.action, true)
	}
}

// restore runs the actions of restore, then undoes what was done, in reverse.
// All of it is tried, and every error is told. The end of ctx keeps nothing of it
// from being done, but is why it is said what is done.
func (c *changes) restore(ctx context.Context, restore []Action) error {
	nowhere := &Env{Mark: func(Moment) {}, Log: c.log, Processes: c.processes}
	ledger := &c.interrupts.ledger
	c.lookAgain()
	var all error
	try := func(e *entry, do func(context.Context) error) {
		defer c.say(ctx, e)()
		err := bounded(do)
		ledger.done(e, err == nil)
		if err != nil {
			c.log.Failed("restore", err)
			all = Joined(all, fmt.Errorf("%w: %w", ErrRestore, err))
		}
	}
	for i, e := range slices.Clone(ledger.restore) {
		try(e, func(ctx context.Context) error { return restore[i].Run(ctx, nowhere) })
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range slices.Backward(c.list) {
		try(one.entry, one.action.Undo)
	}
	return all
}

// say says what is being restored, now or when ctx ends, until the function it
// returns is called.
func (c *changes) say(ctx context.Context, e *entry) func() {
	if e.text == "" {
		return func() {}
	}
	line := "restoring: " + short(e.text)
	if ctx.Err() != nil {
		c.interrupts.say(line)
		return func() {}
	}
	stop := context.AfterFunc(ctx, func() { c.interrupts.say("interrupted: " + line) })
	return func() { stop() }
}

// bounded restores one thing, with a context that ends for nothing but the bound.
func bounded(do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), undoBound)
	defer cancel()
	err := do(ctx)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		return lateError{err}
	}
	return err
}
