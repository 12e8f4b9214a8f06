package action

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/handmark"
)

// Probe repeats a check until it succeeds. Exactly one of the first four fields
// is set.
type Probe struct {
	TCP  string // HOST:PORT accepts a connection
	HTTP *HTTP  // gets a response with an expected status
	Exec *Exec  // exits with code 0
	Line string // the started process has printed a line that contains this

	Every   time.Duration // 0 means 100 ms
	Timeout time.Duration // for all attempts together; 0 means 30 s
}

const (
	probeEvery   = 100 * time.Millisecond
	probeTimeout = 30 * time.Second
)

// await waits until the probe succeeds. of is the process being waited for, or
// nil; the wait fails if it exits.
func (p *Probe) await(ctx context.Context, env *scenario.Env, of *Start) error {
	every, limit := p.Every, p.Timeout
	if every == 0 {
		every = probeEvery
	}
	if limit == 0 {
		limit = probeTimeout
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if of != nil {
		p, out := of.process, of.output // Undo may clear these fields
		go func() {
			select {
			case <-p.Ended:
				cancel(endOf(p, out))
			case <-ctx.Done():
			}
		}()
	}
	err := poll(ctx, every, limit, func() error { return p.ask(ctx, env, of) })
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (p *Probe) ask(ctx context.Context, env *scenario.Env, of *Start) error {
	switch {
	case p.TCP != "":
		c, err := (&net.Dialer{Timeout: probeTimeout}).DialContext(ctx, "tcp", p.TCP)
		if err != nil {
			return err
		}
		if err := c.Close(); err != nil || of == nil {
			return err
		}
		return of.responds(ctx, env)
	case p.HTTP != nil:
		_, err := p.HTTP.send(ctx)
		return err
	case p.Exec != nil:
		_, err := p.Exec.run(ctx, env.Processes, nil) // it is repeated: its output is no news
		return err
	case of != nil && of.output.has(p.Line):
		return nil
	}
	return fmt.Errorf("no line of output contains %q", p.Line)
}

// poll calls try repeatedly until it succeeds. When limit is over, it returns
// the last error.
func poll(ctx context.Context, every, limit time.Duration, try func() error) error {
	end := time.NewTimer(limit)
	defer end.Stop()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-end.C:
			return fmt.Errorf("not ready after %v: %w", limit, err)
		}
	}
}

// Wait waits for a duration or until a probe succeeds. Exactly one of the two
// is set.
type Wait struct {
	For   time.Duration
	Until Probe
}

// String names the action.
func (w *Wait) String() string { return "wait" }

// Run waits.
func (w *Wait) Run(ctx context.Context, env *scenario.Env) error {
	if w.Until != (Probe{}) {
		return w.Until.await(ctx, env, nil)
	}
	err := poll(ctx, w.For, w.For, func() error { return errors.New("it is not over") })
	if ctx.Err() != nil {
		return err
	}
	return nil
}

// Undo does nothing.
func (w *Wait) Undo(context.Context) error { return nil }

// Mark is a moment to record. The mark of its step is its only effect unless it
// names an endpoint.
type Mark struct {
	Endpoint string          // what was seen to happen to it; "" for none
	Kind     record.MarkKind // only with an endpoint
}

// String names the action.
func (m Mark) String() string {
	if m.Endpoint == "" {
		return "mark"
	}
	return "mark " + m.Endpoint + " " + handmark.NameOf(m.Kind)
}

// Run adds the mark of the endpoint, if there is one.
func (m Mark) Run(_ context.Context, env *scenario.Env) error {
	if m.Endpoint != "" {
		env.Mark(scenario.Moment{Kind: m.Kind, Endpoint: m.Endpoint, At: time.Now()})
	}
	return nil
}

// Undo does nothing.
func (Mark) Undo(context.Context) error { return nil }
