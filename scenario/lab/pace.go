package lab

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/proc"
)

// How the lab chooses a rate.
const (
	measureTime = 1500 * time.Millisecond
	warmUp      = 500 * time.Millisecond // part of measureTime that does not count
	measureTail = 300 * time.Millisecond // for requests still in flight after it
	// The load uses this share of the maximum rate that this machine sends.
	// Above about half, requests wait in the queues of replicas, and a replica
	// that should exit waits for a processor: the requests in its queue are
	// then reset, and few connections are refused.
	share = 0.3
	// runTime is the target duration of a run: the event, with enough time
	// before and after.
	runTime = 10 * time.Second
)

// Pace chooses a rate that this machine can sustain, for a load without a given
// rate. It measures once, with a separate fleet, so that all runs use the same
// rate; no count includes its requests.
type Pace struct {
	Options
	Load  loadgen.Config // its Rate is the upper limit
	Count bool           // also choose the number of requests
	Tell  io.Writer      // gets the chosen rate

	measured float64 // requests per second; 0 until measured
}

// Run measures the first time it is called, and sets the rate of the loads.
func (p *Pace) Run(ctx context.Context, env *scenario.Env) error {
	if p.measured == 0 {
		measured, err := p.measure(ctx, env.Processes)
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

// Undo does nothing: Run has stopped its fleet.
func (p *Pace) Undo(context.Context) error { return nil }

// String says what was measured and what was chosen, or what is to be measured.
func (p *Pace) String() string {
	if p.measured == 0 {
		return "measure how many requests this machine can send"
	}
	return fmt.Sprintf("the lab sends %s requests/s; this machine can send %s/s (see -q)",
		perSecond(p.rate()), perSecond(p.measured))
}

// perSecond formats a rate, with its digits grouped by thousands.
func perSecond(rate float64) string {
	_, part, found := strings.Cut(strconv.FormatFloat(rate, 'f', -1, 64), ".")
	text := scenario.Number(int64(rate))
	if found {
		text += "." + part
	}
	return text
}

// measure sends requests as fast as responses arrive, to its own fleet.
func (p *Pace) measure(ctx context.Context, processes *proc.Group) (rate float64, err error) {
	o := p.Options
	o.Processes = processes
	fleet, err := Start(ctx, o)
	if err != nil {
		return 0, err
	}
	defer func() { err = scenario.Joined(err, fleet.Stop(context.WithoutCancel(ctx))) }()
	cfg := p.Load
	cfg.Rate, cfg.Duration, cfg.DrainBound, cfg.Sinks, cfg.TraceLost = 0, measureTime, measureTail, nil, 0
	cfg.Probe = loadgen.ProbeOff // it looks for the machine's limit
	if endpoints := fleet.Endpoints(); endpoints != nil {
		cfg.Endpoints = endpoints
	}
	cfg.TLS.Roots = fleet.certificate.Issuers()
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

// capacity is the number of responses per second after the warm-up, rounded
// down to two digits. It is at least workers/measureTime: without a response,
// each worker takes longer than measureTime.
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

// rate returns the load's rate in requests per second.
func (p *Pace) rate() float64 {
	most := p.Load.Rate * float64(p.Load.Workers)
	return min(most, roundDown(share*p.measured, 2))
}

// roundDown rounds x down to a multiple of its leading power of ten divided by
// steps: 10 steps keep two digits.
func roundDown(x, steps float64) float64 {
	step := math.Pow(10, math.Floor(math.Log10(x))) / steps
	return math.Floor(x/step) * step
}

func (p *Pace) adapt(cfg *loadgen.Config) {
	rate := p.rate()
	cfg.Rate = rate / float64(cfg.Workers)
	if p.Count {
		cfg.Requests = max(int64(cfg.Workers), int64(rate*runTime.Seconds()))
	}
}
