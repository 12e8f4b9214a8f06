package prove

import (
	"context"
	"fmt"
	"time"

	"nodrop/loadgen"
	"nodrop/scenario"
)

// How Calm tries the target.
const (
	calmTime    = 3 * time.Second // without a loss
	calmLoads   = 15              // at most this many times
	calmWorkers = 4
	calmRate    = 10 // requests per second of each
)

// Calm waits until the target has served for a while without a loss: a balancer
// may still send requests to pods that a change has replaced. Its requests are
// in no count. If the target does not calm down, the run will show it.
type Calm struct{ Load loadgen.Config }

// Run waits.
func (c *Calm) Run(ctx context.Context, env *scenario.Env) error {
	cfg := c.Load
	cfg.Requests, cfg.Duration, cfg.Workers, cfg.Rate = 0, calmTime, calmWorkers, calmRate
	cfg.DisableKeepAlive = true // to reach every endpoint
	cfg.Sinks, cfg.TraceLost, cfg.Probe = nil, 0, loadgen.ProbeOff
	env.Direct(&cfg)
	for range calmLoads {
		load, err := loadgen.New(ctx, cfg)
		if err != nil {
			return err
		}
		run := load.Run(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if c := &run.Counts; c.Lost == 0 && c.OK > 0 {
			return nil
		}
	}
	return nil
}

// Undo does nothing.
func (c *Calm) Undo(context.Context) error { return nil }

func (c *Calm) String() string {
	return fmt.Sprintf("wait until nothing is lost for %s", scenario.Span(calmTime))
}
