package lab

import (
	"context"
	"errors"

	"nodrop/scenario"
)

// fleetAction starts a fleet; undoing it ends whatever is left of it.
type fleetAction struct {
	options Options
	fleet   *Fleet
}

// Run starts the fleet and makes its balancer the load's.
func (a *fleetAction) Run(ctx context.Context, env *scenario.Env) error {
	fleet, err := Start(ctx, a.options)
	if err != nil {
		return err
	}
	a.fleet = fleet
	fleet.Watch(marker(env))
	env.Endpoints = fleet.Endpoints()
	return nil
}

// marker hands events to env as marks.
func marker(env *scenario.Env) func(Event) {
	return func(e Event) { env.Mark(e.Kind, e.Replica, e.At, e.Err) }
}

// Undo ends the fleet.
func (a *fleetAction) Undo(ctx context.Context) error {
	if a.fleet == nil {
		return nil
	}
	return a.fleet.Stop(ctx)
}

// scaleAction takes replicas away from the fleet that another action started.
type scaleAction struct {
	fleet *fleetAction
	to    int
}

// Run scales in and returns when the last replica has exited and the balancer
// knows.
func (a *scaleAction) Run(ctx context.Context, env *scenario.Env) error {
	if a.fleet.fleet == nil {
		return errors.New("there is no fleet to scale")
	}
	return a.fleet.fleet.Scale(ctx, a.to, marker(env))
}

// Undo does nothing: the fleet goes as a whole.
func (a *scaleAction) Undo(context.Context) error { return nil }
