package observed

import (
	"fmt"
	"iter"
	"net"
	"slices"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/analysis/errorshape"
	"nodrop/report/analysis/shape"
	"nodrop/report/diagnosis/errorpage"
	"nodrop/report/phrase"
)

// ReadTogether is how far apart a client may read what arrived at once, in ns.
const ReadTogether = 10_000_000

// Observation is a run with indexes for the rules. It never changes once made,
// so rules may run in any order.
type Observation struct {
	Run        *record.Run
	Loss       *analysis.Loss
	Shapes     *shape.Measures
	Lifecycles []analysis.Lifecycle
	Crashes    []analysis.Crash
	own        map[string]*analysis.History // histories of both, by endpoint
	// shared: requests went to an address that the endpoints share, so no
	// request can be assigned to a marked endpoint.
	shared bool

	Responses    *record.Latency // of all requests that got a response
	Seen         map[string]record.EndpointSeen
	Before       int64                                // ns; no marked event can have caused losses before this time
	stretches    map[string][]analysis.Window         // see stretchKey
	SlowRemovals map[*record.LostRequest]*slowRemoval // by the refusals that each explains
	Errors       *errorshape.Shape                    // of the error responses
	// Killed lifecycles whose listener was open until the kill; true if they went
	// on serving as well.
	Listened            map[*analysis.Lifecycle]bool
	HeldUp              int64 // ns; how late this machine may have read what had arrived
	SomeKilled, SomeCut bool  // some endpoint was killed; the balancer cut connections of some
}

// Observe makes the indexes of a run.
func Observe(run *record.Run, loss *analysis.Loss) *Observation {
	s := &Observation{
		Run: run, Loss: loss, Shapes: shape.Measure(run, loss), Lifecycles: loss.Lifecycles, Crashes: loss.Crashes, Responses: analysis.Responded(run),
		Seen: map[string]record.EndpointSeen{},
	}
	s.own = analysis.Histories(s.Lifecycles, s.Crashes)
	s.shared = run.Settings.EndpointHeader != "" || !slices.ContainsFunc(run.Endpoints, func(e record.EndpointSeen) bool { return s.HistoryOf(e.Name) != nil })
	for _, e := range run.Endpoints {
		s.Seen[e.Name] = e
	}
	s.HeldUp = heldUp(run)
	s.Before, s.stretches = loss.Baseline.Untouched, s.failedConnects()
	s.SlowRemovals = s.findSlowRemovals()
	s.SomeKilled, s.Listened = analysis.SomeKilled(s.Lifecycles), s.findListened()
	s.SomeCut = slices.ContainsFunc(s.Lifecycles, func(l analysis.Lifecycle) bool { return l.Cut != analysis.Unknown })
	s.Errors = errorshape.Of(errorshape.Input{
		Run: run, Loss: loss, Said: errorpage.Said(run.Responses), LifecycleOf: s.LifecycleOf, Shared: s.shared,
	})
	return s
}

// Where names the affected endpoints, out of the total.
func (s *Observation) Where(e *Evidence) string {
	total := analysis.EndpointCount(s.Run)
	switch n := len(e.Endpoints); {
	case n == 0:
		return "no endpoint reached"
	case total == 1, n == 1 && (len(s.Run.Endpoints) == 1 || s.inFront(e.Endpoints[0])): // many may share the one address
		return s.Called(e.Endpoints[0])
	case n == 1:
		return fmt.Sprintf("%s, 1 of %d endpoints", s.Called(e.Endpoints[0]), total)
	default:
		return fmt.Sprintf("%s, %d of %d endpoints", phrase.Names(e.Endpoints), n, total)
	}
}

// inFront reports whether the replicas that responses named are behind an
// address.
func (s *Observation) inFront(endpoint string) bool {
	return s.Run.Settings.EndpointHeader != "" && s.Seen[endpoint].FirstConnect >= 0 && s.Seen[endpoint].FirstResponse < 0
}

// HistoryOf returns the history of the endpoint with that name or address; nil
// if no mark names it.
func (s *Observation) HistoryOf(endpoint string) *analysis.History {
	if own := s.own[endpoint]; own != nil {
		return own
	}
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		return nil
	}
	return s.own[host]
}

// Named reports whether marks name the endpoint of a loss.
func (s *Observation) Named(l *record.LostRequest) bool { return s.HistoryOf(l.Endpoint) != nil }

// LifecycleOf returns the lifecycle of the loss's endpoint at that time; nil if
// not known.
func (s *Observation) LifecycleOf(l *record.LostRequest) *analysis.Lifecycle {
	if own := s.HistoryOf(l.Endpoint); own != nil {
		return own.LifecycleAt(l.End)
	}
	return nil
}

// Suspects yields the lifecycles that a loss may belong to: that of its
// endpoint or, if the replicas share an address, all of them.
func (s *Observation) Suspects(l *record.LostRequest) iter.Seq[*analysis.Lifecycle] {
	return func(yield func(*analysis.Lifecycle) bool) {
		if s.Named(l) {
			if own := s.LifecycleOf(l); own != nil {
				yield(own)
			}
			return
		}
		for i := range s.Lifecycles {
			if !s.shared || !yield(&s.Lifecycles[i]) {
				return
			}
		}
	}
}

// Called returns an endpoint with the name that the marks give it.
func (s *Observation) Called(endpoint string) string {
	if own := s.HistoryOf(endpoint); own != nil && own.Name != endpoint {
		return endpoint + " (" + own.Name + ")"
	}
	return endpoint
}

// ProbeGap returns the average time between requests to any of k endpoints, in
// ns. The edges of their outage cannot be known more precisely.
func (s *Observation) ProbeGap(k int) int64 {
	if s.Run.Counts.Started == 0 {
		return 0
	}
	perRequest := float64(s.Run.Duration) / float64(s.Run.Counts.Started)
	return int64(perRequest * float64(max(1, analysis.EndpointCount(s.Run))) / float64(max(1, k)))
}

// MaxTexts bounds the error texts that a finding quotes.
const MaxTexts = 3

// Texts quotes the most frequent error texts of the losses.
func (s *Observation) Texts(e *Evidence) []string {
	var list []string
	for _, sample := range s.Run.Samples {
		if len(list) < MaxTexts && slices.ContainsFunc(e.Classes, func(c record.BinLoss) bool { return c.Class == sample.Class }) {
			list = append(list, phrase.Number(sample.Count)+" × "+sample.Text)
		}
	}
	return list
}

// failedConnects returns the windows in which connections to each endpoint
// failed in any way. Losses whose endpoint no mark names share the key "".
func (s *Observation) failedConnects() map[string][]analysis.Window {
	groups := map[string][]analysis.Failure{}
	for i := range s.Run.Lost {
		l := &s.Run.Lost[i]
		if l.Class.Stage() == record.StageConnect {
			key := s.stretchKey(l)
			groups[key] = append(groups[key], analysis.FailureOf(l, analysis.Near))
		}
	}
	list := map[string][]analysis.Window{}
	for key, found := range groups {
		analysis.SortFailures(found)
		for group := range analysis.GroupFailures(found, s.Loss.Gap) {
			list[key] = append(list[key], analysis.NewWindow(group))
		}
	}
	return list
}

// stretchKey returns the key of a loss in stretches.
func (s *Observation) stretchKey(l *record.LostRequest) string {
	if s.Named(l) {
		return l.Endpoint
	}
	return ""
}

// failing returns the window of failed connections that a loss belongs to. It
// includes failures of other kinds, since an address that is gone does not
// refuse: refusals are over only when connections succeed again.
func (s *Observation) failing(l *record.LostRequest) *analysis.Window {
	return analysis.WindowAt(s.stretches[s.stretchKey(l)], l.End)
}

// outageBegin returns when the outage of a failed connection began, in ns.
// Losses of other kinds do not count: they may come all the time. Windows
// without a response between them are one outage, because the kernel limits the
// rate of its refusals and connections wait in between.
func (s *Observation) outageBegin(l *record.LostRequest) int64 {
	begin := s.failing(l).Begin
	return min(begin, s.respondedBefore(begin))
}

// respondedBefore returns the end of the last bin with a response that began
// before a time, in ns.
func (s *Observation) respondedBefore(at int64) int64 {
	bins := &s.Run.Bins
	if bins.Width == 0 {
		return at
	}
	for i := min(at/bins.Width, int64(len(bins.List))-1); i >= 0; i-- {
		if bins.List[i].OK > 0 {
			return (i + 1) * bins.Width
		}
	}
	return 0
}

// respondedAfter reports whether a response came in a bin after a time.
func (s *Observation) respondedAfter(at int64) bool {
	bins := &s.Run.Bins
	first := len(bins.List)
	if bins.Width > 0 {
		first = min(first, int(at/bins.Width)+1)
	}
	return slices.ContainsFunc(bins.List[first:], func(b record.Bin) bool { return b.OK > 0 })
}

// Missing says which marks would have shown the cause.
func (s *Observation) Missing(e *Evidence) string {
	if len(s.Lifecycles) == 0 {
		return "no mark shows what happened to any endpoint"
	}
	var absent []string
	add := func(when bool, what string) {
		if when && !slices.Contains(absent, what) {
			absent = append(absent, what)
		}
	}
	for _, l := range e.Lost {
		own := s.LifecycleOf(l)
		if own == nil && s.Named(l) {
			return "no mark shows what happened to " + l.Endpoint + " at that time"
		}
		if own == nil {
			return "no mark shows what happened to " + l.Endpoint
		}
		add(own.Terminating == analysis.Unknown && (own.Signalled == analysis.Unknown || own.Removed != analysis.Unknown), "when its termination began")
		add(own.Stopped() == analysis.Unknown, "when it stopped accepting")
		add(own.Removed == analysis.Unknown, "when the load balancer removed it")
	}
	if len(absent) == 0 {
		return "the losses do not fall between the time it stopped accepting and its removal from the load balancer"
	}
	return "no mark shows " + strings.Join(absent, " or ")
}

// findListened returns the killed lifecycles whose listener was open until the
// kill. It tells those that went on serving, too, from those of which nothing
// shows that: they may have stopped, and only left the listener open.
func (s *Observation) findListened() map[*analysis.Lifecycle]bool {
	if !analysis.SomeKilled(s.Lifecycles) {
		return nil
	}
	took := map[*analysis.Lifecycle]bool{}
	for i := range s.Run.Lost {
		if own := s.LifecycleOf(&s.Run.Lost[i]); own != nil && own.TookLater(&s.Run.Lost[i]) {
			took[own] = true
		}
	}
	listened := map[*analysis.Lifecycle]bool{}
	for i := range s.Lifecycles {
		if one := &s.Lifecycles[i]; one.Ignored(s.Seen, s.ProbeGap(1)) {
			listened[one] = took[one] || one.AnsweredLater(s.Seen, s.Responses.Max)
		}
	}
	return listened
}
