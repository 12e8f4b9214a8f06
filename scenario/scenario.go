// Package scenario runs a timeline of actions beside a load, once for each
// variant, and restores what it changed.
//
// The pipeline, for each variant: setup actions in order; the load starts; each
// step of the timeline acts when it is due; the load ends, not before the event
// is over where settling was asked for; setup is undone in reverse, always.
//
// The invariant: what an action changed is undone before Run returns, whether
// the run succeeded, failed or was interrupted. The package decides nothing
// about what the numbers mean.
package scenario

import (
	"context"
	"fmt"
	"slices"
	"time"

	"nodrop/loadgen"
)

// Scenario is a load and what is done to its target meanwhile, in variants.
type Scenario struct {
	Name     string
	Streams  []Stream // loads that run side by side, at least one
	Variants []Variant
	Repeat   int // how often each variant is run, interleaved; 0 is once
	// Settle > 0 makes the length of each stream a minimum: it goes on until
	// the event is over and Settle has passed.
	Settle time.Duration
}

// Stream is one load.
type Stream struct {
	Name string // "" for the only one
	Load loadgen.Config
}

// Variant is one way to set the target up.
type Variant struct {
	Name     string
	Setup    []Action // before the load, in order; undone after it, in reverse
	Gate     []Action // what must succeed before the load starts, once set up
	Timeline []Step
	Restore  []Action // after the load, in order, before the rest is undone
	Expect   []string // checks that fail the verdict when false
	Require  []string // checks that make it inconclusive when false
	FailIf   []string // checks that fail it when true
}

// Step is one action of the timeline. It is due at At, or, with After, when that
// step has ended and Delay has passed.
type Step struct {
	Name   string
	At     At
	After  string
	Delay  time.Duration
	Action Action
}

// Action is something done to the target. It can be run again once it has been
// undone.
type Action interface {
	// Run does it. Moments worth knowing are given to env.Mark.
	Run(ctx context.Context, env *Env) error
	// Undo puts back what Run changed, also after a Run that failed half-way.
	Undo(ctx context.Context) error
}

// Env is what an action may use of the run it is part of.
type Env struct {
	// Mark records a moment in the life of one endpoint.
	Mark func(kind loadgen.MarkKind, endpoint string, at time.Time, err error)
	// Endpoints, when a setup action sets it, chooses every address that the
	// load connects to.
	Endpoints loadgen.Endpoints
}

// Watched is a load that can be looked at while it runs.
type Watched interface{ Progress() loadgen.Progress }

// undoBound is how long restoring one variant may take.
const undoBound = 30 * time.Second

// Run runs every variant. watch is told of each load that starts, and the
// function it returns is called when that load is over. The recording holds
// the runs made so far also when an error is returned.
func (s *Scenario) Run(ctx context.Context, watch func(variant string, l Watched) func()) (*loadgen.Recording, error) {
	recording := &loadgen.Recording{Format: loadgen.Format}
	for _, v := range s.Variants {
		if len(recording.Runs) > 0 && ctx.Err() != nil {
			return recording, nil //nolint:nilerr // being interrupted between variants is no failure: what was run is told
		}
		run, err := s.runVariant(ctx, v, watch)
		if run != nil {
			recording.Runs = append(recording.Runs, run)
		}
		if err != nil {
			return recording, fmt.Errorf("%s: %w", v.Name, err)
		}
	}
	return recording, nil
}

func (s *Scenario) runVariant(ctx context.Context, v Variant, watch func(string, Watched) func()) (run *loadgen.Run, err error) {
	t := newTimeline(v.Timeline, s.Settle)
	env := &Env{Mark: t.mark}
	var done []Action
	defer func() {
		switch undoErr := undo(done); {
		case err == nil:
			err = undoErr
		case undoErr != nil:
			err = fmt.Errorf("%w; %w", err, undoErr)
		}
	}()
	for _, a := range v.Setup {
		done = append(done, a)
		if err := a.Run(ctx, env); err != nil {
			return nil, err
		}
	}
	cfg := s.Streams[0].Load
	cfg.Variant = v.Name
	if env.Endpoints != nil {
		cfg.Endpoints = env.Endpoints
	}
	load, err := loadgen.New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if s.Settle > 0 {
		load.Hold()
	}
	stop := watch(v.Name, load)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		t.run(ctx, load, env)
	}()
	run = load.Run(ctx)
	<-finished
	stop()
	done = append(done, t.acted...)
	run.Expect, run.Require, run.FailIf = v.Expect, v.Require, v.FailIf
	run.Marks = append(run.Marks, t.finish()...)
	loadgen.SortMarks(run.Marks)
	load.End(run)
	return run, nil
}

// undo puts back what was set up, in reverse; the first error is returned and
// the rest is still undone.
func undo(done []Action) error {
	ctx, cancel := context.WithTimeout(context.Background(), undoBound)
	defer cancel()
	var first error
	for _, action := range slices.Backward(done) {
		if err := action.Undo(ctx); err != nil && first == nil {
			first = fmt.Errorf("restore: %w", err)
		}
	}
	return first
}
