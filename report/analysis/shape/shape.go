// Package shape measures what a set of losses looks like: when they lie
// relative to the event, on which endpoints, and how long requests had been
// under way when they were cut.
//
// Diagnosis looks at the shape before it names a cause. Like analysis, the
// package has numbers and no words, and the same run always gives the same
// figures.
package shape

import (
	"net"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Together is how far apart a client may read what was cut at one instant, in
// ns.
const Together = 10_000_000

// Measures holds what the losses of one run are measured against, and the
// shapes that more than one loss makes up. It never changes once made.
type Measures struct {
	run  *record.Run
	loss *analysis.Loss
	own  map[string]*analysis.History
	seen map[string]record.EndpointSeen

	RoundTrip int64 // ns; median of the connection's first round trip; 0 if not known
	Response  int64 // ns; median of the responses; 0 if there was none

	arrivals map[string][]*Arrival // by endpoint, in order
	arrived  map[*record.LostRequest]*Arrival
	bursts   map[*record.LostRequest]*Burst
	outages  []Outage
	timers   map[*record.LostRequest]*Timer
	carried  map[int64]*carried // by connection; nil if requests shared none
}

// Measure prepares the measures of a run.
func Measure(run *record.Run, loss *analysis.Loss) *Measures {
	m := &Measures{run: run, loss: loss, own: analysis.Histories(loss.Lifecycles, loss.Crashes), seen: map[string]record.EndpointSeen{}}
	for _, e := range run.Endpoints {
		m.seen[e.Name] = e
	}
	m.RoundTrip, m.Response = roundTrip(&run.Phases), run.Latency.OK.Percentile(50)
	m.findCarried()
	m.findArrivals()
	m.findBursts()
	m.findOutages()
	m.findTimers()
	return m
}

// roundTrip returns the median time of a TCP handshake, in ns; 0 if not known.
// The connect phase includes the look-up, which only some connections need,
// and the TLS handshake.
func roundTrip(p *record.PhaseLatencies) int64 {
	took, connected := typical(&p.Connect)
	if tls, n := typical(&p.TLS); 2*n >= connected {
		took -= tls
	}
	if dns, n := typical(&p.DNS); 2*n >= connected {
		took -= dns
	}
	return max(took, 0)
}

// typical returns the median of the durations that are not 0, and how many
// there are. A phase that a request did not have counts as 0.
func typical(l *record.Latency) (median, count int64) {
	l.Each(func(ns, n int64) {
		if ns > 0 {
			count += n
		}
	})
	var below int64
	l.Each(func(ns, n int64) {
		if ns > 0 && 2*below < count {
			below, median = below+n, ns
		}
	})
	return median, count
}

// history returns the marks of the endpoint with that name or address; nil if
// no mark names it.
func (m *Measures) history(endpoint string) *analysis.History {
	if own := m.own[endpoint]; own != nil {
		return own
	}
	return m.own[hostOf(endpoint)]
}

// hostOf returns an address without its port; "" if it has none.
func hostOf(endpoint string) string {
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		return ""
	}
	return host
}

// lifecycleOf returns the lifecycle that a loss belongs to; nil if not known.
// The only lifecycle of a run explains the losses behind an address that no
// mark names, too.
func (m *Measures) lifecycleOf(l *record.LostRequest) *analysis.Lifecycle {
	if own := m.history(l.Endpoint); own != nil {
		return own.LifecycleAt(l.End)
	}
	if len(m.loss.Lifecycles) == 1 && len(m.run.Endpoints) == 1 {
		return &m.loss.Lifecycles[0]
	}
	return nil
}

// Eventful reports whether anything was done to the target, or seen to happen
// to it, while the load ran.
func (m *Measures) Eventful() bool { return m.loss.Event.Known || m.loss.Baseline.Known }
