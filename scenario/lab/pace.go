package lab

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
	"nodrop/scenario"
)

// How the lab's own rate is chosen.
const (
	measureTime = 1500 * time.Millisecond
	warmUp      = 500 * time.Millisecond // of measureTime; it does not count
	measureTail = 300 * time.Millisecond // for what is in flight after it
	// Of what this machine sends at most, the load takes so much. Beyond about half,
	// requests wait in the queues of replicas, and a replica that is to end waits
	// for a processor: what is in its queue then is reset, and refusals are few.
	share = 0.3
	// runTime is how long a run is to last: the event, and enough before and after.
	runTime = 10 * time.Second
)

// Pace is an action that chooses the rate of a load which was given none: one that
// this machine keeps. It measures once, with a fleet of its own, so that those of
// the runs are all alike; no request of that is in any count.
type Pace struct {
	Options
	Load  loadgen.Config // its Rate is the highest to choose
	Count bool           // choose the number of requests, too
	Tell  io.Writer      // gets what was chosen

	measured float64 // requests per second; 0 until it is known
}

// Run measures, the first time, and has the loads adapted.
func (p *Pace) Run(ctx context.Context, env *scenario.Env) error {
	if p.measured == 0 {
		measured, err := p.measure(ctx)
		if err != nil {
			return err
		}
		p.measured = measured
		fmt.Fprintf(p.Tell, "nodrop: %s\n", p)
	}
	env.Adapt = p.adapt
	env.Notes = append(env.Notes, p.String())
	return nil
}

// Undo does nothing: the fleet was ended by Run.
func (p *Pace) Undo(context.Context) error { return nil }

// String says what was measured, and what was chosen.
func (p *Pace) String() string {
	return fmt.Sprintf("this machine sends at most %s requests/s through the gateways; the lab sends %s/s (-q sets another rate)",
		perSecond(p.measured), perSecond(p.rate()))
}

func perSecond(rate float64) string { return strconv.FormatFloat(rate, 'f', -1, 64) }

// measure sends as fast as answers come, to a fleet that ends with it.
func (p *Pace) measure(ctx context.Context) (rate float64, err error) {
	fleet, err := Start(ctx, p.Options)
	if err != nil {
		return 0, err
	}
	defer func() { err = scenario.Joined(err, fleet.Stop(context.WithoutCancel(ctx))) }()
	cfg := p.Load
	cfg.Rate, cfg.Duration, cfg.DrainBound, cfg.Sinks, cfg.TraceLost = 0, measureTime, measureTail, nil, 0
	if endpoints := fleet.Endpoints(); endpoints != nil {
		cfg.Endpoints = endpoints
	}
	load, err := loadgen.New(ctx, cfg)
	if err != nil {
		return 0, err
	}
	bounded, cancel := context.WithTimeout(ctx, measureTime)
	defer cancel()
	run := load.Run(bounded)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	return capacity(&run.Bins, cfg.Workers), fleet.Err()
}

// capacity is how many responses came per second once it was warm, to two digits.
// Where none came in all the time, each worker takes longer than that.
func capacity(bins *record.Bins, workers int) float64 {
	responded := int64(0)
	for i, bin := range bins.List {
		begin := time.Duration(int64(i) * bins.Width)
		if begin >= warmUp && begin < measureTime {
			responded += bin.Responded
		}
	}
	rate := max(float64(responded)/(measureTime-warmUp).Seconds(), float64(workers)/measureTime.Seconds())
	return roundDown(rate, 10)
}

// rate is what the load sends, in requests per second.
func (p *Pace) rate() float64 {
	most := p.Load.Rate * float64(p.Load.Workers)
	return min(most, roundDown(share*p.measured, 2))
}

// roundDown leaves a digit of a number, and of the next one so many steps.
func roundDown(x, steps float64) float64 {
	step := math.Pow(10, math.Floor(math.Log10(x))) / steps
	return math.Floor(x/step) * step
}

// adapt makes a load one of that rate.
func (p *Pace) adapt(cfg *loadgen.Config) {
	rate := p.rate()
	cfg.Rate = rate / float64(cfg.Workers)
	if p.Count {
		cfg.Requests = max(int64(cfg.Workers), int64(rate*runTime.Seconds()))
	}
}
