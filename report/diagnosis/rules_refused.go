package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// overlaps reports that the marks tell the whole of a lifecycle, and that it
// stopped accepting before the balancer heard of it.
func overlaps(l *analysis.Lifecycle) bool {
	known := l != nil && l.Terminating != analysis.Unknown && l.Stopped() != analysis.Unknown && l.Removed != analysis.Unknown
	return known && l.Stopped() >= l.Terminating-analysis.Near && l.Removed > l.Stopped()
}

// overlapping are the lifecycles that can explain the loss. Where no mark names its
// endpoint, because the replicas share an address, each of them can.
func (s *observation) overlapping(l *record.LostRequest) []*analysis.Lifecycle {
	var list []*analysis.Lifecycle
	for one := range s.suspects(l) {
		if overlaps(one) && analysis.Within(l.End, one.Stopped(), one.Removed) {
			list = append(list, one)
		}
	}
	return list
}

func matchesOverlap(s *observation, l *record.LostRequest) bool {
	return analysis.IsRefusal(l.Class) && len(s.overlapping(l)) > 0
}

func explainOverlap(s *observation, e *evidence) Finding {
	named := true
	for _, l := range e.lost {
		named = named && s.named(l)
	}
	met := metBy(e.lost, s.overlapping)
	o := overlapOf(met)
	endpoints := phrase.Counted(int64(len(met)), "endpoint", "endpoints")
	f := Finding{
		Title: fmt.Sprintf("%s kept getting connections for %s after %s had stopped accepting",
			endpoints, phrase.Duration(o.longest), phrase.Choose(int64(len(met)), "it", "they")),
		Confidence: Shown,
		Measured:   o.longest,
		Needed:     o.needed,
		Evidence: []string{
			e.what(),
			fmt.Sprintf("they stopped accepting %s after termination began (%s), and were out of the balancer %s after it began", phrase.Duration(o.accepted), o.how, phrase.Duration(o.needed)),
			fmt.Sprintf("refusals were met %s; at this rate their edges are known to %s", e.when(), phrase.Duration(s.probeGap(len(met)))),
		},
		Remedies: acceptLonger(o.needed),
	}
	f.Evidence = append(f.Evidence, shutdownsOf(met)...)
	if !named {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, "the endpoints share an address: which of them refused a connection is not known, only that it was then")
	}
	s.orCrashed(e, &f)
	return f
}

// overlap is the time from the end of accepting to being out of the balancer,
// over several lifecycles; ns.
type overlap struct {
	longest  int64
	accepted int64 // the shortest time that one went on accepting after termination began
	needed   int64 // the longest time from there to being out of the balancer
	how      string
}

func overlapOf(list []*analysis.Lifecycle) overlap {
	var o overlap
	for i, l := range list {
		accepted := max(0, l.Stopped()-l.Terminating)
		if i == 0 || accepted < o.accepted {
			o.accepted = accepted
		}
		o.longest = max(o.longest, l.Removed-l.Stopped())
		o.needed = max(o.needed, l.Removed-l.Terminating)
		how := "process exited"
		if l.Stopped() == l.ListenerClosed {
			how = "listener closed"
		}
		if o.how == "" {
			o.how = how
		} else if o.how != how {
			o.how = "listener closed or process exited"
		}
	}
	return o
}

// slowRemoval are the lifecycles that explain losses which the control plane's marks alone
// account for: it had ended them, and no mark tells when balancers heard of it.
type slowRemoval struct {
	lifecycles  []*analysis.Lifecycle
	first, last int64 // when the first and the last termination began
	out         int64 // ns from there until the control plane had taken each out, at most
	hooks       bool  // one may have a pre-stop hook
}

// slowRemovalKey is what a slow removal depends on.
type slowRemovalKey struct {
	own   *analysis.Lifecycle // that of the loss's endpoint, where marks tell
	named bool                // they do
	since int64               // the begin of the loss's outage
	until int64               // its end
	begun int                 // terminations that had begun by then
}

// findSlowRemovals finds those that explain refusals; many have one in common.
func (s *observation) findSlowRemovals() map[*record.LostRequest]*slowRemoval {
	var ends []int64 // when terminations began, in order
	for i := range s.lifecycles {
		ends = append(ends, s.lifecycles[i].Terminating)
	}
	slices.Sort(ends)
	known, list := map[slowRemovalKey]*slowRemoval{}, map[*record.LostRequest]*slowRemoval{}
	for i := range s.run.Lost {
		l := &s.run.Lost[i]
		if !analysis.IsRefusal(l.Class) {
			continue
		}
		begun, _ := slices.BinarySearch(ends, l.End+analysis.Near+1)
		key := slowRemovalKey{s.lifecycleOf(l), s.named(l), s.outageBegin(l), s.failing(l).End, begun}
		if _, done := known[key]; !done {
			known[key] = s.findSlowRemoval(l, key)
		}
		if known[key] != nil {
			list[l] = known[key]
		}
	}
	return list
}

// findSlowRemoval finds that of a refusal; nil where none explains it. Where no mark names the loss's endpoint, because the
// replicas share an address, each that can explain it may be the one.
func (s *observation) findSlowRemoval(l *record.LostRequest, key slowRemovalKey) *slowRemoval {
	var list []*analysis.Lifecycle
	for one := range s.suspects(l) {
		known := one.Terminating != analysis.Unknown && one.Out() != analysis.Unknown && one.Removed == analysis.Unknown
		if known && l.End >= one.Terminating-analysis.Near && key.until >= one.Terminating {
			list = append(list, one)
		}
	}
	if !key.named {
		list = s.refusingAt(key.since, list)
	}
	if len(list) == 0 {
		return nil
	}
	found := &slowRemoval{lifecycles: list, first: list[0].Terminating, last: list[0].Terminating}
	for _, one := range list {
		found.first, found.last = min(found.first, one.Terminating), max(found.last, one.Terminating)
		found.out = max(found.out, one.Out()-one.Terminating)
		found.hooks = found.hooks || !one.Hookless()
	}
	return found
}

// refusingAt are those lifecycles that can have begun to refuse with an outage. An endpoint
// that balancers have not heard of is met all the time: once its process is gone,
// refusals begin. Without a pre-stop hook they begin with its termination, unless it
// drains: one of which an earlier outage came, which was over, is no longer met.
func (s *observation) refusingAt(begin int64, list []*analysis.Lifecycle) []*analysis.Lifecycle {
	return slices.DeleteFunc(list, func(one *analysis.Lifecycle) bool {
		gone := one.Exited != analysis.Unknown && begin > one.Exited+max(analysis.Near, s.loss.Gap)
		over := one.Refused != analysis.Unknown && one.Refused+max(analysis.Near, s.answers.Max) < begin // answers may be late
		return gone || one.Hookless() && over
	})
}

// matchesSlowRemoval leaves alone what an endpoint refused that accepted connections
// afterwards.
func matchesSlowRemoval(s *observation, l *record.LostRequest) bool {
	if !analysis.IsRefusal(l.Class) {
		return false
	}
	own := s.lifecycleOf(l)
	later := s.seen[l.Endpoint].LastConnect
	if own != nil && later > l.End+readTogether && (own.Over == analysis.Unknown || later < own.Over) {
		return false
	}
	return s.slowRemovals[l] != nil
}

// propagation is what the losses tell of how late balancers heard; ns from the begin of
// termination.
type propagation struct {
	met    []*analysis.Lifecycle
	needed int64 // to the last failure, at most: from the first that it can have met
	least  int64 // the same from the last that it can have met
	out    int64 // until the control plane had taken the last one out
	silent bool  // the last failures were no refusals
	open   bool  // it went on until the load ended: when they heard is not known
}

func (s *observation) propagationOf(e *evidence) propagation {
	var h propagation
	known := map[*slowRemoval]bool{}
	var met lifecycleSet
	lasts := map[*analysis.Window]*record.LostRequest{}
	for _, l := range e.lost {
		by := s.slowRemovals[l]
		h.reach(l.End, by)
		if w := s.failing(l); lasts[w] == nil || lasts[w].End < l.End {
			lasts[w] = l
		}
		if !known[by] {
			known[by] = true
			h.out = max(h.out, by.out)
			met.add(by.lifecycles)
		}
	}
	last := e.last
	for w, l := range lasts {
		h.reach(w.End, s.slowRemovals[l])
		last = max(last, w.End)
	}
	h.met = met.list
	h.silent = last > e.last
	h.open = last+s.loss.Gap >= s.loss.Event.LoadOver || !s.answeredAfter(last)
	return h
}

// reach extends it to a failure.
func (h *propagation) reach(at int64, by *slowRemoval) {
	h.needed = max(h.needed, at-by.first)
	h.least = max(h.least, at-by.last)
}

// early reports that the last failure came before the control plane had taken each
// endpoint out.
func (h *propagation) early() bool { return !h.open && h.needed <= h.out }

// how tells in what way connections failed.
func (h *propagation) how() string {
	if h.silent {
		return "connections were refused, then went unanswered, until "
	}
	return "connections were refused until "
}

// until tells how long after termination connections were refused.
func (h *propagation) until() string {
	text := phrase.Duration(h.needed)
	if h.needed-h.least > analysis.Near {
		text = fmt.Sprintf("%s to %s", phrase.Duration(h.least), phrase.Duration(h.needed))
	}
	if h.open {
		return "the load ended, " + text + " after termination began"
	}
	return text + " after termination began"
}

func (h *propagation) finding(s *observation, e *evidence, title string) Finding {
	needed := max(h.needed, h.out)
	f := Finding{
		Title:      title,
		Confidence: Likely,
		Measured:   e.span(),
		Needed:     needed,
		Evidence: []string{
			e.what(),
			fmt.Sprintf("%s; %s", e.when(), s.where(e)),
			fmt.Sprintf("the control plane had taken the endpoints out %s after termination began, and each balancer hears of that in its own time", phrase.Duration(h.out)),
			"when an endpoint stopped accepting is not known, only that it was between the begin of its termination and its exit",
		},
		Remedies: acceptLonger(needed),
	}
	switch {
	case h.open:
		f.Confidence, f.Needed = CannotTell, 0
		f.Evidence = append(f.Evidence, "cannot tell when balancers had heard of it, nor how long to go on accepting: no request was answered afterwards, or the load ended")
		f.Remedies = acceptUntilOut()
	case h.needed-h.least > analysis.Near:
		f.Evidence = append(f.Evidence, "they share an address, and went one after the other: which of them refused the last connection is not known, and the remedy's number is for the longer time")
	}
	f.Evidence = append(f.Evidence, shutdownsOf(h.met)...)
	s.orCrashed(e, &f)
	return f
}

func explainSlowRemoval(s *observation, e *evidence) Finding {
	h := s.propagationOf(e)
	why := ": balancers went on sending them to endpoints that had been taken out"
	if h.early() {
		why = ", before the control plane had taken the endpoints out"
	}
	return h.finding(s, e, h.how()+h.until()+why)
}

// matchesPreStopMissing: the same, and nothing kept any of the endpoints accepting.
func matchesPreStopMissing(s *observation, l *record.LostRequest) bool {
	return matchesSlowRemoval(s, l) && !s.slowRemovals[l].hooks
}

func explainPreStopMissing(s *observation, e *evidence) Finding {
	h := s.propagationOf(e)
	return h.finding(s, e, fmt.Sprintf("%s got the stop signal at once, for want of a pre-stop hook: %s%s",
		phrase.Counted(int64(len(h.met)), "endpoint", "endpoints"), h.how(), h.until()))
}

// shutdownsOf is the evidence of what these endpoints had before they were gone;
// none where it is not known of all of them.
func shutdownsOf(list []*analysis.Lifecycle) []string {
	var texts []string
	for _, one := range list {
		if one.Shutdown == nil {
			return nil
		}
		if text := one.Shutdown.String(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return []string{"set for termination: " + strings.Join(texts, "; ")}
}

func matchesRefused(_ *observation, l *record.LostRequest) bool { return analysis.IsRefusal(l.Class) }

func explainRefused(s *observation, e *evidence) Finding {
	evidence := []string{e.what(), e.when() + "; " + s.where(e)}
	if s.answers.Count == 0 && s.run.Counts.Lost == int64(len(e.lost)) && (e.redirected == 0 || e.redirected == int64(len(e.lost))) {
		title, remedy := "every connection was refused: nothing listens there", "check the URL's host and port, and that the service runs"
		if e.redirected > 0 {
			title = "nothing listens where the redirect leads: every connection to it was refused"
			remedy = "check where the redirect leads (see the samples), and that the service there runs; -disable-redirects counts the redirect itself"
		}
		return Finding{
			Title: title, Confidence: Likely, Measured: e.span(),
			Evidence: evidence, Remedies: []Remedy{{"any", remedy}},
		}
	}
	f := Finding{
		Title:      fmt.Sprintf("%s refused connections for %s", subject(e), phrase.Duration(e.span())),
		Confidence: CannotTell,
		Measured:   e.span(),
		Evidence:   append(evidence, "cannot tell whether the listener closed before the balancer took the endpoint out: "+s.missing(e), fmt.Sprintf("at this rate the edges are known to %s", phrase.Duration(s.probeGap(len(e.endpoints))))),
		Remedies:   acceptUntilOut(),
	}
	if bound := s.sinceTerminating(e); bound > 0 {
		f.Evidence = append(f.Evidence, fmt.Sprintf("the last refusal came %s after termination began: accepting for less than that is too short, for how much longer is not known", phrase.Duration(bound)))
	}
	return f
}

// subject is the endpoint of the evidence, or how many there are.
func subject(e *evidence) string {
	if len(e.endpoints) == 1 {
		return e.endpoints[0]
	}
	return phrase.Counted(int64(len(e.endpoints)), "endpoint", "endpoints")
}

// missing says which marks would have told the cause.
func (s *observation) missing(e *evidence) string {
	if len(s.lifecycles) == 0 {
		return "no mark tells what happened to an endpoint"
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
			return "no mark tells what happened to " + l.Endpoint + " then"
		}
		if own == nil {
			return "no mark tells what happened to " + l.Endpoint
		}
		add(own.Terminating == analysis.Unknown, "when its termination began")
		add(own.Stopped() == analysis.Unknown, "when it stopped accepting")
		add(own.Removed == analysis.Unknown, "when the balancer took it out")
	}
	if len(absent) == 0 {
		return "the refusals do not lie between the two"
	}
	return "no mark tells " + strings.Join(absent, ", or ")
}

// sinceTerminating is the longest time from the begin of an endpoint's
// termination to a loss on it, in ns; 0 when that is not known.
func (s *observation) sinceTerminating(e *evidence) int64 {
	var longest int64
	for _, l := range e.lost {
		if own := s.lifecycleOf(l); own != nil && own.Terminating != analysis.Unknown {
			longest = max(longest, l.End-own.Terminating)
		}
	}
	return longest
}

func matchesDropped(_ *observation, l *record.LostRequest) bool {
	cause := l.Class.Cause()
	return l.Class.Stage() == record.StageConnect && (cause == record.CauseTimeout || cause == record.CauseUnreachable)
}

func explainDropped(s *observation, e *evidence) Finding {
	return Finding{
		Title:      fmt.Sprintf("connection attempts to %s went unanswered for %s", subject(e), phrase.Duration(e.span())),
		Confidence: Likely,
		Measured:   e.span(),
		Evidence: []string{
			e.what(),
			fmt.Sprintf("attempts that were given up began %s; %s", e.when(), s.where(e)),
			"an address that is gone, or a full accept queue, does not refuse: packets are dropped",
		},
		Remedies: []Remedy{
			{"any", "take the endpoint out of the balancer before its address goes"},
			{"Kubernetes", "externalTrafficPolicy: Local drops what reaches a node without a ready pod: the balancer's health check must see it first"},
		},
	}
}

func matchesAcceptQueue(s *observation, l *record.LostRequest) bool {
	own := s.lifecycleOf(l)
	return !l.Reused && l.Class.Cause() == record.CauseReset && (analysis.Unanswered(l.Class) || l.Class.Stage() == record.StageTLS) &&
		own != nil && analysis.Within(l.End, own.ListenerClosed, own.ListenerClosed) && !analysis.Within(l.End, own.Exited, own.Exited)
}

func explainAcceptQueue(s *observation, e *evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "connection was", "connections were") + " reset in the accept queue when the listener closed",
		Confidence: Likely,
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e), "they had been made, but no process had accepted them when the listener closed; the processes lived on"},
		Remedies: []Remedy{
			{"any", "accept until the balancer has taken the endpoint out, and what is queued, before the listener closes"},
			{"Linux", "several listeners on one port (SO_REUSEPORT): net.ipv4.tcp_migrate_req=1 hands the queue on"},
		},
	}
}
