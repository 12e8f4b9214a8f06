package diagnosis

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

// readTogether is how far apart a client may read what arrived at once, in ns.
const readTogether = 10_000_000

// observation is a run with indexes for the rules. It never changes once made,
// so rules may run in any order.
type observation struct {
	run        *record.Run
	loss       *analysis.Loss
	shapes     *shape.Measures
	lifecycles []analysis.Lifecycle
	crashes    []analysis.Crash
	own        map[string]*analysis.History // histories of both, by endpoint
	// shared: requests went to an address that the endpoints share, so no
	// request can be assigned to a marked endpoint.
	shared bool

	responses    *record.Latency // of all requests that got a response
	seen         map[string]record.EndpointSeen
	before       int64                                // ns; no marked event can have caused losses before this time
	stretches    map[string][]analysis.Window         // see stretchKey
	slowRemovals map[*record.LostRequest]*slowRemoval // by the refusals that each explains
	errors       *errorshape.Shape                    // of the error responses
	// Killed lifecycles whose listener was open until the kill; true if they went
	// on serving as well.
	listened            map[*analysis.Lifecycle]bool
	someKilled, someCut bool // some endpoint was killed; the balancer cut connections of some
}

func observe(run *record.Run, loss *analysis.Loss) *observation {
	s := &observation{
		run: run, loss: loss, shapes: shape.Measure(run, loss), lifecycles: loss.Lifecycles, crashes: loss.Crashes, responses: analysis.Responded(run),
		seen: map[string]record.EndpointSeen{},
	}
	s.own = analysis.Histories(s.lifecycles, s.crashes)
	s.shared = run.Settings.EndpointHeader != "" || !slices.ContainsFunc(run.Endpoints, func(e record.EndpointSeen) bool { return s.historyOf(e.Name) != nil })
	for _, e := range run.Endpoints {
		s.seen[e.Name] = e
	}
	s.before, s.stretches = loss.Baseline.Untouched, s.failedConnects()
	s.slowRemovals = s.findSlowRemovals()
	s.someKilled, s.listened = analysis.SomeKilled(s.lifecycles), s.findListened()
	s.someCut = slices.ContainsFunc(s.lifecycles, func(l analysis.Lifecycle) bool { return l.Cut != analysis.Unknown })
	s.errors = errorshape.Of(errorshape.Input{
		Run: run, Loss: loss, Said: errorpage.Said(run.Responses), LifecycleOf: s.lifecycleOf, Shared: s.shared,
	})
	return s
}

// where names the affected endpoints, out of the total.
func (s *observation) where(e *evidence) string {
	total := analysis.EndpointCount(s.run)
	switch n := len(e.endpoints); {
	case n == 0:
		return "no endpoint reached"
	case total == 1, n == 1 && (len(s.run.Endpoints) == 1 || s.inFront(e.endpoints[0])): // many may share the one address
		return s.called(e.endpoints[0])
	case n == 1:
		return fmt.Sprintf("%s, 1 of %d endpoints", s.called(e.endpoints[0]), total)
	default:
		return fmt.Sprintf("%s, %d of %d endpoints", phrase.Names(e.endpoints), n, total)
	}
}

// inFront reports whether the replicas that responses named are behind an
// address.
func (s *observation) inFront(endpoint string) bool {
	return s.run.Settings.EndpointHeader != "" && s.seen[endpoint].FirstConnect >= 0 && s.seen[endpoint].FirstResponse < 0
}

// historyOf returns the history of the endpoint with that name or address; nil
// if no mark names it.
func (s *observation) historyOf(endpoint string) *analysis.History {
	if own := s.own[endpoint]; own != nil {
		return own
	}
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		return nil
	}
	return s.own[host]
}

// named reports whether marks name the endpoint of a loss.
func (s *observation) named(l *record.LostRequest) bool { return s.historyOf(l.Endpoint) != nil }

// lifecycleOf returns the lifecycle of the loss's endpoint at that time; nil if
// not known.
func (s *observation) lifecycleOf(l *record.LostRequest) *analysis.Lifecycle {
	if own := s.historyOf(l.Endpoint); own != nil {
		return own.LifecycleAt(l.End)
	}
	return nil
}

// suspects yields the lifecycles that a loss may belong to: that of its
// endpoint or, if the replicas share an address, all of them.
func (s *observation) suspects(l *record.LostRequest) iter.Seq[*analysis.Lifecycle] {
	return func(yield func(*analysis.Lifecycle) bool) {
		if s.named(l) {
			if own := s.lifecycleOf(l); own != nil {
				yield(own)
			}
			return
		}
		for i := range s.lifecycles {
			if !s.shared || !yield(&s.lifecycles[i]) {
				return
			}
		}
	}
}

// called returns an endpoint with the name that the marks give it.
func (s *observation) called(endpoint string) string {
	if own := s.historyOf(endpoint); own != nil && own.Name != endpoint {
		return endpoint + " (" + own.Name + ")"
	}
	return endpoint
}

// probeGap returns the average time between requests to any of k endpoints, in
// ns. The edges of their outage cannot be known more precisely.
func (s *observation) probeGap(k int) int64 {
	if s.run.Counts.Started == 0 {
		return 0
	}
	perRequest := float64(s.run.Duration) / float64(s.run.Counts.Started)
	return int64(perRequest * float64(max(1, analysis.EndpointCount(s.run))) / float64(max(1, k)))
}

// maxTexts bounds the error texts that a finding quotes.
const maxTexts = 3

// texts quotes the most frequent error texts of the losses.
func (s *observation) texts(e *evidence) []string {
	var list []string
	for _, sample := range s.run.Samples {
		if len(list) < maxTexts && slices.ContainsFunc(e.classes, func(c record.BinLoss) bool { return c.Class == sample.Class }) {
			list = append(list, fmt.Sprintf("%d × %s", sample.Count, sample.Text))
		}
	}
	return list
}

// failedConnects returns the windows in which connections to each endpoint
// failed in any way. Losses whose endpoint no mark names share the key "".
func (s *observation) failedConnects() map[string][]analysis.Window {
	groups := map[string][]analysis.Failure{}
	for i := range s.run.Lost {
		l := &s.run.Lost[i]
		if l.Class.Stage() == record.StageConnect {
			key := s.stretchKey(l)
			groups[key] = append(groups[key], analysis.FailureOf(l, analysis.Near))
		}
	}
	list := map[string][]analysis.Window{}
	for key, found := range groups {
		analysis.SortFailures(found)
		for group := range analysis.GroupFailures(found, s.loss.Gap) {
			list[key] = append(list[key], analysis.NewWindow(group))
		}
	}
	return list
}

// stretchKey returns the key of a loss in stretches.
func (s *observation) stretchKey(l *record.LostRequest) string {
	if s.named(l) {
		return l.Endpoint
	}
	return ""
}

// failing returns the window of failed connections that a loss belongs to. It
// includes failures of other kinds, since an address that is gone does not
// refuse: refusals are over only when connections succeed again.
func (s *observation) failing(l *record.LostRequest) *analysis.Window {
	return analysis.WindowAt(s.stretches[s.stretchKey(l)], l.End)
}

// outageBegin returns when the outage of a failed connection began, in ns.
// Losses of other kinds do not count: they may come all the time. Windows
// without a response between them are one outage, because the kernel limits the
// rate of its refusals and connections wait in between.
func (s *observation) outageBegin(l *record.LostRequest) int64 {
	begin := s.failing(l).Begin
	return min(begin, s.respondedBefore(begin))
}

// respondedBefore returns the end of the last bin with a response that began
// before a time, in ns.
func (s *observation) respondedBefore(at int64) int64 {
	bins := &s.run.Bins
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
func (s *observation) respondedAfter(at int64) bool {
	bins := &s.run.Bins
	first := len(bins.List)
	if bins.Width > 0 {
		first = min(first, int(at/bins.Width)+1)
	}
	return slices.ContainsFunc(bins.List[first:], func(b record.Bin) bool { return b.OK > 0 })
}

// missing says which marks would have shown the cause.
func (s *observation) missing(e *evidence) string {
	if len(s.lifecycles) == 0 {
		return "no mark shows what happened to any endpoint"
	}
	var absent []string
	add := func(when bool, what string) {
		if when && !slices.Contains(absent, what) {
			absent = append(absent, what)
		}
	}
	for _, l := range e.lost {
		own := s.lifecycleOf(l)
		if own == nil && s.named(l) {
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
func (s *observation) findListened() map[*analysis.Lifecycle]bool {
	if !analysis.SomeKilled(s.lifecycles) {
		return nil
	}
	took := map[*analysis.Lifecycle]bool{}
	for i := range s.run.Lost {
		if own := s.lifecycleOf(&s.run.Lost[i]); own != nil && own.TookLater(&s.run.Lost[i]) {
			took[own] = true
		}
	}
	listened := map[*analysis.Lifecycle]bool{}
	for i := range s.lifecycles {
		if one := &s.lifecycles[i]; one.Ignored(s.seen, s.probeGap(1)) {
			listened[one] = took[one] || one.AnsweredLater(s.seen, s.responses.Max)
		}
	}
	return listened
}
