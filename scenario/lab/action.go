package lab

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"nodrop/loadgen/record/product"
	"nodrop/scenario"
	"nodrop/scenario/proc"
)

// FleetAction starts a fleet and makes its balancer the load's. Undo stops what
// is left of the fleet.
type FleetAction struct {
	Options

	fleet     *Fleet
	processes *proc.Group // of the scenario
	said      *proc.Tail  // stderr of its processes
	log       scenario.Log
}

// String describes the action.
func (a *FleetAction) String() string { return "start gateways" }

// Run starts the fleet.
func (a *FleetAction) Run(ctx context.Context, env *scenario.Env) error {
	o := a.Options
	a.said, a.log = &proc.Tail{}, env.Log
	o.Stderr, o.Processes = a.said, env.Processes
	fleet, err := Start(ctx, o)
	if err != nil {
		return err
	}
	a.fleet, a.processes = fleet, env.Processes
	fleet.Watch(env.Mark)
	if endpoints := fleet.Endpoints(); endpoints != nil {
		env.Endpoints = endpoints
	}
	env.Roots = fleet.certificate.Issuers()
	env.Gateway = fleet.Gateway()
	env.Products = product.Add(env.Products, product.Lab)
	env.Notes = append(env.Notes, fleet.String())
	return nil
}

// serialised makes mark safe for concurrent calls; mark may be nil.
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

// Undo stops the fleet.
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

// Change is a change to a fleet; exactly one field is set.
type Change struct {
	Scale   int // > 0: scale in to this many replicas
	Restart int // > 0: restart all replicas, this many at a time
}

// String describes the change.
func (c Change) String() string {
	if c.Restart > 0 {
		return fmt.Sprintf("restart gateways, %d at a time", c.Restart)
	}
	return fmt.Sprintf("scale gateways to %d", c.Scale)
}

func (c Change) on(ctx context.Context, fleet *Fleet, mark func(scenario.Moment)) error {
	if c.Restart > 0 {
		return fleet.Restart(ctx, c.Restart, mark)
	}
	return fleet.Scale(ctx, c.Scale, mark)
}

// ChangeAction changes the fleet that FleetAction started.
type ChangeAction struct {
	Fleet *FleetAction
	Change
}

// Run returns once the last leaving replica has exited and the balancer has
// removed it.
func (a *ChangeAction) Run(ctx context.Context, env *scenario.Env) error {
	if a.Fleet.fleet == nil {
		return errors.New("the fleet is not running")
	}
	return a.on(ctx, a.Fleet.fleet, env.Mark)
}

// Undo does nothing: FleetAction stops the whole fleet.
func (a *ChangeAction) Undo(context.Context) error { return nil }
