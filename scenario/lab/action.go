package lab

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"nodrop/scenario"
)

// FleetAction starts a fleet; undoing it ends whatever is left of it. The fleet's
// balancer becomes the load's.
type FleetAction struct {
	Options

	fleet *Fleet
	said  *scenario.Tail // what its processes complained of
	log   scenario.Log
}

// String says what it does.
func (a *FleetAction) String() string { return "start gateways" }

// Run starts the fleet.
func (a *FleetAction) Run(ctx context.Context, env *scenario.Env) error {
	o := a.Options
	a.said, a.log = &scenario.Tail{}, env.Log
	o.Stderr = a.said
	fleet, err := Start(ctx, o)
	if err != nil {
		return err
	}
	a.fleet = fleet
	fleet.Watch(env.Mark)
	if endpoints := fleet.Endpoints(); endpoints != nil {
		env.Endpoints = endpoints
	}
	env.Gateway = fleet.Gateway()
	env.Notes = append(env.Notes, fleet.String())
	return nil
}

// serialised makes mark safe to call from several goroutines; nil is no mark.
func serialised(mark func(scenario.Moment)) func(scenario.Moment) {
	var mu sync.Mutex
	return func(m scenario.Moment) {
		if mark == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		mark(m)
	}
}

// Undo ends the fleet.
func (a *FleetAction) Undo(ctx context.Context) error {
	if a.fleet == nil {
		return nil
	}
	err := a.fleet.Stop(ctx)
	if a.log != nil {
		a.log.Failed("gateways", a.fleet.Err())
		a.log("gateways", a.said.Lines())
	}
	return err
}

// Change is what is done to a fleet: one of the two is set.
type Change struct {
	Scale   int // > 0: to so many replicas, by taking away
	Restart int // > 0: all of them, so many at a time
}

// String names it.
func (c Change) String() string {
	if c.Restart > 0 {
		return fmt.Sprintf("restart gateways, %d at a time", c.Restart)
	}
	return fmt.Sprintf("scale gateways to %d", c.Scale)
}

// ChangeAction changes the fleet that another action started.
type ChangeAction struct {
	Fleet *FleetAction
	Change
}

// Run returns when the last replica that leaves has exited and the balancer
// knows.
func (a *ChangeAction) Run(ctx context.Context, env *scenario.Env) error {
	if a.Fleet.fleet == nil {
		return errors.New("there is no fleet")
	}
	return a.change(ctx, a.Fleet.fleet, env.Mark)
}

// Undo does nothing: the fleet goes as a whole.
func (a *ChangeAction) Undo(context.Context) error { return nil }
