package record

import (
	"cmp"
	"fmt"
	"slices"
)

// MaxProbes is how many probes a run lists.
const MaxProbes = 10_000

// ProbeOutcome is what became of a probe.
type ProbeOutcome string

// The outcomes.
const (
	ProbeOK          ProbeOutcome = "ok"          // connected and, if it sent a request, got a response with an accepted status
	ProbeRefused     ProbeOutcome = "refused"     // nothing listened
	ProbeReset       ProbeOutcome = "reset"       // the peer ended the connection before a whole response
	ProbeTimeout     ProbeOutcome = "timeout"     // no connection or no response in time
	ProbeUnreachable ProbeOutcome = "unreachable" // the address or the route to it was gone
	ProbeTLSFailed   ProbeOutcome = "tls failed"
	ProbeHTTPError   ProbeOutcome = "http error" // a response with an unexpected status
	ProbeOther       ProbeOutcome = "other"
)

// ProbeOutcomes lists the outcomes in the order in which reports count them.
var ProbeOutcomes = [...]ProbeOutcome{
	ProbeRefused, ProbeReset, ProbeTimeout, ProbeUnreachable, ProbeTLSFailed, ProbeHTTPError, ProbeOther, ProbeOK,
}

// Probe is one connection beside the load, made right after a lost request or
// while its endpoint did not work again. It is in no count of the load.
// Times are ns from the run's start.
type Probe struct {
	Endpoint string `json:"endpoint"` // that of the lost request
	// Through: it went through an address that several replicas share, or
	// through a proxy, so it may have reached another replica.
	Through   bool         `json:"through,omitempty"`
	Replica   string       `json:"replica,omitempty"`     // the replica that its response named
	Loss      int64        `json:"lossNs,omitempty"`      // when the request that led to it was lost; 0 for a repeat
	Start     int64        `json:"startNs"`               // when it began to connect
	Connected int64        `json:"connectedNs,omitempty"` // when TCP was connected; 0 for never
	End       int64        `json:"endNs"`
	Outcome   ProbeOutcome `json:"outcome"`
	Class     Class        `json:"class,omitempty"`  // that of a request that fails in this way; "" for ok
	Status    int          `json:"status,omitempty"` // of its response, 0 without one
	Asked     bool         `json:"asked,omitempty"`  // it sent a request
	Port      int          `json:"port,omitempty"`   // its local port, by which a server's log can tell it from the load
}

// ProbeSink is a RunSink that also receives the probes of its run.
type ProbeSink interface {
	RunSink
	// Probe receives a probe that has ended. It is called by one goroutine at a
	// time, and not after End.
	Probe(p *Probe)
}

// OnLost calls f with each lost request, from many goroutines at once. f must
// not block, and must not keep the Result. Other requests cost nothing more.
// Call it before the first Result.
func (r *Recorder) OnLost(f func(*Result)) {
	for _, s := range r.Shards {
		s.onLost = f
	}
}

// addProbes adds the probes of a part, in order of their end, within the limit.
func (r *Run) addProbes(p Part) {
	r.ProbesSpoiled += p.Run.ProbesSpoiled
	r.ProbesUnlisted += p.Run.ProbesUnlisted
	for _, probe := range p.Run.Probes {
		for _, at := range [...]*int64{&probe.Loss, &probe.Connected} {
			if *at > 0 {
				*at += p.Offset
			}
		}
		probe.Start, probe.End = probe.Start+p.Offset, probe.End+p.Offset
		r.Probes = append(r.Probes, probe)
	}
	slices.SortStableFunc(r.Probes, func(a, b Probe) int {
		return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start), cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Port, b.Port))
	})
	if extra := len(r.Probes) - MaxProbes; extra > 0 {
		r.ProbesUnlisted += int64(extra)
		r.Probes = r.Probes[:MaxProbes]
	}
}

// Validate checks a probe that was read from a file.
func (p *Probe) Validate() error {
	if !slices.Contains(ProbeOutcomes[:], p.Outcome) {
		return fmt.Errorf("a probe with the unknown outcome %q", string(p.Outcome))
	}
	return within(
		limit{"probe: lossNs", p.Loss, 0, MaxTime}, limit{"probe: startNs", p.Start, 0, p.End}, limit{"probe: endNs", p.End, 0, MaxTime},
		limit{"probe: connectedNs", p.Connected, 0, p.End}, limit{"probe: status", int64(p.Status), 0, 999}, limit{"probe: port", int64(p.Port), 0, 65535},
	)
}
