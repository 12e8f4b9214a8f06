package lab

import (
	"fmt"
	"io"
	"strings"
	"time"

	"nodrop/loadgen"
	"nodrop/scenario"
	"nodrop/scenario/lab/gateway"
)

// Experiment is a load on a fleet and a change to the fleet meanwhile, run once
// for each way to stop.
type Experiment struct {
	Fleet  Options        // Stop is set by Stops
	Stops  []gateway.Mode // each is a variant
	Change Change
	At     scenario.At    // when to change the fleet
	Path   string         // what the load requests
	Load   loadgen.Config // its URL is set by Path
	Settle time.Duration  // how long the load goes on after the change, at least
	Repeat int            // how often each variant runs

	ChooseRate  bool // find a rate that this machine sustains; Load's is the upper limit
	ChooseCount bool // with ChooseRate, also choose the number of requests

	pace *Pace // of all scenarios, so that all send alike
}

// DefaultLoad returns the load of the document's example: up to 5,000 requests/s
// for ten seconds. Pace adapts its rate and number to what this machine can
// sustain. Over HTTP/2, if connections are kept alive, so many requests share one
// that there are as many connections as replicas.
func DefaultLoad() loadgen.Options {
	o := loadgen.DefaultOptions()
	o.Streams = 20
	o.Requests, o.Workers, o.Rate, o.DisableKeepAlive = 50_000, 200, 25, true
	return o
}

// CheckGateway finds the gateway's program before anything starts.
func (e *Experiment) CheckGateway() error { return e.Fleet.check() }

// Scenario returns the experiment as a scenario, with a variant for each way to
// stop. It reports a chosen rate on stderr; the first scenario that runs chooses
// it for all.
func (e *Experiment) Scenario(stderr io.Writer) *scenario.Scenario {
	cfg := e.Load
	cfg.URL = e.URL()
	if e.Fleet.Proto.TLS() {
		cfg.TLS.ServerName = e.Fleet.host() // whatever the load's Host field names
	}
	if e.Fleet.behindOneAddress() {
		cfg.EndpointHeader = gateway.ReplicaHeader // only a response shows its replica
	}
	s := &scenario.Scenario{Streams: []scenario.Stream{{Load: cfg}}, Settle: e.Settle, Repeat: e.Repeat}
	for _, stop := range e.Stops {
		s.Variants = append(s.Variants, e.variant(stop))
	}
	if e.ChooseRate {
		if e.pace == nil {
			// A step that is due at a request needs that many requests.
			count := e.ChooseCount && e.At.Request == 0
			e.pace = &Pace{Options: e.fleet(e.Stops[0]), Load: cfg, Count: count, Tell: stderr}
		}
		for i := range s.Variants {
			setup := &s.Variants[i].Setup
			*setup = append([]scenario.Action{e.pace}, *setup...)
		}
	}
	return s
}

// URL returns what the load requests.
func (e *Experiment) URL() string {
	return e.Fleet.Proto.Scheme() + "://" + e.Fleet.host() + e.Path
}

func (e *Experiment) fleet(stop gateway.Mode) Options {
	o := e.Fleet
	o.Stop = stop
	return o
}

// variant starts a fleet and changes it. Abrupt must show a loss, or the run
// missed the event; graceful must not.
func (e *Experiment) variant(stop gateway.Mode) scenario.Variant {
	fleet := &FleetAction{Options: e.fleet(stop)}
	step := scenario.Step{
		Name:   fmt.Sprintf("scale gateway %d → %d (%s)", e.Fleet.Replicas, e.Change.Scale, stop),
		At:     e.At,
		Action: &ChangeAction{fleet, e.Change},
	}
	if e.Change.Restart > 0 {
		step.Name = fmt.Sprintf("restart %d gateways, %d at a time (%s)", e.Fleet.Replicas, e.Change.Restart, stop)
	}
	variant := scenario.Variant{
		Name:     string(stop),
		Setup:    []scenario.Action{fleet},
		Timeline: []scenario.Step{step},
	}
	switch stop {
	case gateway.Abrupt:
		variant.Require = []string{"lost > 0"}
	case gateway.Graceful:
		variant.Expect = []string{"lost == 0"}
	case gateway.Naive: // its losses depend on the propagation delay: reported, not judged
	}
	return variant
}

// URLHole is the placeholder for the fleet's URL in a client's command.
const URLHole = "{url}"

// ClientRuns returns the experiment with another load generator in place of
// Load, one run for each way to stop. The change is due at a time since the
// client's start.
func (e *Experiment) ClientRuns(command string, at time.Duration) []*ClientRun {
	var runs []*ClientRun
	for _, stop := range e.Stops {
		runs = append(runs, &ClientRun{
			Options: e.fleet(stop), Change: e.Change, At: at,
			Command: strings.ReplaceAll(command, URLHole, e.URL()),
		})
	}
	return runs
}
