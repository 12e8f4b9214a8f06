package scenario

import (
	"context"
	"fmt"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
)

// Load is traffic that is sent once, beside a timeline: by this program, or by
// another client. One goroutine makes it and calls Start, Result and End (or
// only Close), in this order. The other methods can be called from any
// goroutine, at any time after Start.
type Load interface {
	Watched

	// Start begins the load. It returns when the clock of the run has started.
	Start(ctx context.Context)

	// Hold, called before Start, makes the planned length a minimum: the load
	// goes on until Release. Without Hold, Release does nothing. Another client
	// may ignore both.
	Hold()
	Release()

	// Stop is the first step of an early end: nothing new is started. It returns
	// how long requests in flight may still take.
	Stop() (bound time.Duration)
	// Abort is the second step: requests in flight are cut.
	Abort()

	// Result waits for the end of the load and returns its run, which is never
	// nil. The run lacks what the attempt knows: checks, notes about the target,
	// and marks. An error means that the run is meaningless.
	Result() (*record.Run, error)
	// End hands the run, now complete, to the outputs of the load.
	End(run *record.Run)
	// Close releases a load that will not be started.
	Close()
}

// Watched is the part of a Load that can be observed while it runs.
type Watched interface {
	// Progress is how far the load is. A step of the timeline is due by it.
	Progress() record.Progress
	// Warnings are one sentence for each thing that limits the load. They are
	// known before Start.
	Warnings() []string
	// Marks are those of the run, with times on the clock that Since reads.
	Marks() *record.Marks
	// Settings say what is sent, after Start.
	Settings() record.Settings
	// Since converts a time to the clock of the run: ns since its start.
	Since(t time.Time) int64
}

// Loader makes the load of a stream for one attempt. cfg is what the stream
// asks for, with what the attempt has set up: variant, stream, repetition,
// gateway, replicas, endpoints, trust and rate.
type Loader func(ctx context.Context, cfg loadgen.Config) (Load, error)

// Stream is one load.
type Stream struct {
	Name string         // "" if there is only one
	Load loadgen.Config // what to send; another client may know for itself
	By   Loader         // who sends it; nil is this program
}

// newLoad makes the load of one attempt.
func (o *Stream) newLoad(ctx context.Context, a Attempt, env *Env) (Load, error) {
	cfg := o.Load
	cfg.Variant, cfg.Stream, cfg.Repetition, cfg.Gateway, cfg.Replicas = a.Variant.Name, o.Name, a.Repetition, env.Gateway, env.Replicas
	cfg.Event = len(a.Variant.Timeline) > 0
	env.Direct(&cfg)
	if env.Adapt != nil {
		env.Adapt(&cfg)
	}
	by := o.By
	if by == nil {
		by = newLocal
	}
	load, err := by(ctx, cfg)
	if err != nil && o.Name != "" {
		err = fmt.Errorf("%s: %w", o.Name, err)
	}
	return load, err
}
