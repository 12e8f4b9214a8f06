package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"nodrop/loadgen"
)

// What the layers do when they go, and what the kernel makes of it, is from
// research into each of them: the side that closes first, the order of closing
// the listener and being taken out of the balancer, and what becomes of
// connections that nobody accepted.

func claimsBaseline(s *scene, l *loadgen.LostRequest) bool {
	return s.loss.Baseline.Known && l.End < s.loss.Baseline.Until
}

func tellBaseline(s *scene, e *evidence) Finding {
	return Finding{
		Title:      counted(int64(len(e.lost)), "request was", "requests were") + " lost before anything was done to the target",
		Confidence: Shown,
		Evidence:   []string{e.what(), fmt.Sprintf("%s; the first mark is at %s; %s", e.when(), moment(s.loss.Baseline.Until), s.where(e))},
		Remedies:   []Remedy{{"any", "mend what fails without the event first; what it loses cannot be told from what the event loses"}},
	}
}

// overlaps reports that the marks tell the whole of a life, and that it
// stopped accepting before the balancer heard of it.
func overlaps(l *life) bool {
	return l != nil && l.terminating != unknown && l.stopped() != unknown && l.removed != unknown && l.removed > l.stopped()
}

// overlapping are the lives that can explain the loss. Where no mark names its
// endpoint, because the replicas share an address, each of them can.
func (s *scene) overlapping(l *loadgen.LostRequest) []*life {
	if own := s.lifeOf(l); own != nil {
		if overlaps(own) && within(l.End, own.stopped(), own.removed) {
			return []*life{own}
		}
		return nil
	}
	var list []*life
	for i := range s.lives {
		if one := &s.lives[i]; s.shared && overlaps(one) && within(l.End, one.stopped(), one.removed) {
			list = append(list, one)
		}
	}
	return list
}

func isRefusal(c loadgen.Class) bool {
	return c.Stage() == loadgen.StageConnect && (c.Cause() == loadgen.CauseRefused || c.Cause() == loadgen.CauseReset)
}

func claimsOverlap(s *scene, l *loadgen.LostRequest) bool {
	return isRefusal(l.Class) && len(s.overlapping(l)) > 0
}

func tellOverlap(s *scene, e *evidence) Finding {
	named := true
	for _, l := range e.lost {
		named = named && s.lifeOf(l) != nil
	}
	met := metBy(e.lost, s.overlapping)
	o := overlapOf(met)
	endpoints := counted(int64(len(met)), "endpoint", "endpoints")
	f := Finding{
		Title: fmt.Sprintf("%s kept getting connections for %s after %s had stopped accepting",
			endpoints, duration(o.longest), choose(int64(len(met)), "it", "they")),
		Confidence: Shown,
		Measured:   o.longest,
		Needed:     o.needed,
		Evidence: []string{
			e.what(),
			fmt.Sprintf("they stopped accepting %s after termination began (%s), and were out of the balancer %s after it began", duration(o.accepted), o.how, duration(o.needed)),
			fmt.Sprintf("refusals were met %s; at this rate their edges are known to %s", e.when(), duration(s.probeGap(len(met)))),
		},
		Remedies: acceptLonger(o.needed),
	}
	if told := shutdownsOf(met); told != "" {
		f.Evidence = append(f.Evidence, told)
	}
	if !named {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, "the endpoints share an address: which of them refused a connection is not known, only that it was then")
	}
	return f
}

// overlap is the time from the end of accepting to being out of the balancer,
// over several lives; ns.
type overlap struct {
	longest  int64
	accepted int64 // the shortest time that one went on accepting after termination began
	needed   int64 // the longest time from there to being out of the balancer
	how      string
}

func overlapOf(list []*life) overlap {
	var o overlap
	for i, l := range list {
		accepted := l.stopped() - l.terminating
		if i == 0 || accepted < o.accepted {
			o.accepted = accepted
		}
		o.longest = max(o.longest, l.removed-l.stopped())
		o.needed = max(o.needed, l.removed-l.terminating)
		how := "process exited"
		if l.listenerClosed != unknown {
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

// heardLate are the lives that the control plane has ended before the loss, while
// no mark tells when balancers heard of it. Where no mark names the loss's
// endpoint, because the replicas share an address, each of them can explain it;
// but an endpoint that balancers have not heard of loses all the time, so that the
// ones whose termination began with the loss's window come before older ones.
func (s *scene) heardLate(l *loadgen.LostRequest) []*life {
	own := s.lifeOf(l)
	var list []*life
	for i := range s.lives {
		one := &s.lives[i]
		known := one.terminating != unknown && one.out() != unknown && one.removed == unknown
		if known && s.mayBe(own, one) && l.End >= one.terminating-near {
			list = append(list, one)
		}
	}
	begin := s.windowOf(l).Begin
	if fresh := func(one *life) bool { return one.terminating >= begin-near }; own == nil && slices.ContainsFunc(list, fresh) {
		list = slices.DeleteFunc(list, func(one *life) bool { return !fresh(one) })
	}
	return list
}

// windowOf is the window that a loss is in.
func (s *scene) windowOf(l *loadgen.LostRequest) *Window {
	at, _ := slices.BinarySearchFunc(s.loss.Windows, l.End, func(w Window, end int64) int { return cmp.Compare(w.End, end) })
	if at == len(s.loss.Windows) {
		return &Window{Begin: l.End, End: l.End}
	}
	return &s.loss.Windows[at]
}

func claimsHeardLate(s *scene, l *loadgen.LostRequest) bool {
	return isRefusal(l.Class) && len(s.heardLate(l)) > 0
}

// heard is what the losses tell of how late balancers heard; ns from the begin of
// termination.
type heard struct {
	met    []*life
	needed int64 // to the last loss
	out    int64 // until the control plane had taken the last one out
}

func (s *scene) heard(e *evidence) heard {
	var h heard
	h.met = metBy(e.lost, func(l *loadgen.LostRequest) []*life {
		list := s.heardLate(l)
		for _, one := range list {
			h.needed = max(h.needed, l.End-one.terminating)
			h.out = max(h.out, one.out()-one.terminating)
		}
		return list
	})
	return h
}

func (h *heard) finding(s *scene, e *evidence, title string) Finding {
	f := Finding{
		Title:      title,
		Confidence: Likely,
		Measured:   e.span(),
		Needed:     h.needed,
		Evidence: []string{
			e.what(),
			fmt.Sprintf("%s; %s", e.when(), s.where(e)),
			fmt.Sprintf("the control plane had taken the endpoints out %s after termination began, and each balancer hears of that in its own time", duration(h.out)),
			"when an endpoint stopped accepting is not known, only that it was between the begin of its termination and its exit",
		},
		Remedies: acceptLonger(h.needed),
	}
	if told := shutdownsOf(h.met); told != "" {
		f.Evidence = append(f.Evidence, told)
	}
	return f
}

func tellHeardLate(s *scene, e *evidence) Finding {
	h := s.heard(e)
	return h.finding(s, e, fmt.Sprintf("connections were refused until %s after termination began: balancers went on sending them to endpoints that had been taken out", duration(h.needed)))
}

// claimsPreStopMissing: the same, and nothing kept any of the endpoints accepting.
func claimsPreStopMissing(s *scene, l *loadgen.LostRequest) bool {
	if !isRefusal(l.Class) {
		return false
	}
	list := s.heardLate(l)
	for _, one := range list {
		if one.shutdown == nil || one.shutdown.PreStop != "" {
			return false
		}
	}
	return len(list) > 0
}

func tellPreStopMissing(s *scene, e *evidence) Finding {
	h := s.heard(e)
	return h.finding(s, e, fmt.Sprintf("%s got the stop signal at once, for want of a pre-stop hook: connections were refused until %s after termination began, when balancers had heard of it",
		counted(int64(len(h.met)), "endpoint", "endpoints"), duration(h.needed)))
}

// shutdownsOf says what these endpoints had before they were gone; "" where it is
// not known of all of them.
func shutdownsOf(list []*life) string {
	var texts []string
	for _, one := range list {
		if one.shutdown == nil {
			return ""
		}
		if text := one.shutdown.String(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return ""
	}
	return "set for termination: " + strings.Join(texts, "; ")
}

func claimsRefused(_ *scene, l *loadgen.LostRequest) bool { return isRefusal(l.Class) }

func tellRefused(s *scene, e *evidence) Finding {
	evidence := []string{e.what(), e.when() + "; " + s.where(e)}
	if answered(s.run).Count == 0 && s.run.Counts.Lost == int64(len(e.lost)) {
		return Finding{
			Title: "every connection was refused: nothing listens there", Confidence: Likely, Measured: e.span(),
			Evidence: evidence, Remedies: []Remedy{{"any", "check the URL's host and port, and that the service runs"}},
		}
	}
	f := Finding{
		Title:      fmt.Sprintf("%s refused connections for %s", subject(e), duration(e.span())),
		Confidence: CannotTell,
		Measured:   e.span(),
		Evidence:   append(evidence, "cannot tell whether the listener closed before the balancer took the endpoint out: "+s.missing(e), fmt.Sprintf("at this rate the edges are known to %s", duration(s.probeGap(len(e.endpoints))))),
		Remedies:   []Remedy{{"any", "if replicas were leaving: go on accepting until the balancer has taken them out"}},
	}
	if bound := s.sinceTerminating(e); bound > 0 {
		f.Evidence = append(f.Evidence, fmt.Sprintf("the last refusal came %s after termination began: accepting for less than that is too short, for how much longer is not known", duration(bound)))
	}
	return f
}

// subject is the endpoint of the evidence, or how many there are.
func subject(e *evidence) string {
	if len(e.endpoints) == 1 {
		return e.endpoints[0]
	}
	return counted(int64(len(e.endpoints)), "endpoint", "endpoints")
}

// missing says which marks would have told the cause.
func (s *scene) missing(e *evidence) string {
	if len(s.lives) == 0 {
		return "no mark tells what happened to an endpoint"
	}
	var absent []string
	add := func(when bool, what string) {
		if when && !slices.Contains(absent, what) {
			absent = append(absent, what)
		}
	}
	for _, l := range e.lost {
		own := s.lifeOf(l)
		if own == nil {
			return "no mark tells what happened to " + l.Endpoint
		}
		add(own.terminating == unknown, "when its termination began")
		add(own.stopped() == unknown, "when it stopped accepting")
		add(own.removed == unknown, "when the balancer took it out")
	}
	if len(absent) == 0 {
		return "the refusals do not lie between the two"
	}
	return "no mark tells " + strings.Join(absent, ", or ")
}

// sinceTerminating is the longest time from the begin of an endpoint's
// termination to a loss on it, in ns; 0 when that is not known.
func (s *scene) sinceTerminating(e *evidence) int64 {
	var longest int64
	for _, l := range e.lost {
		if own := s.lifeOf(l); own != nil && own.terminating != unknown {
			longest = max(longest, l.End-own.terminating)
		}
	}
	return longest
}

func claimsDropped(_ *scene, l *loadgen.LostRequest) bool {
	cause := l.Class.Cause()
	return l.Class.Stage() == loadgen.StageConnect && (cause == loadgen.CauseTimeout || cause == loadgen.CauseUnreachable)
}

func tellDropped(s *scene, e *evidence) Finding {
	return Finding{
		Title:      fmt.Sprintf("connection attempts to %s went unanswered for %s", subject(e), duration(e.span())),
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

func claimsAcceptQueue(s *scene, l *loadgen.LostRequest) bool {
	own := s.lifeOf(l)
	return !l.Reused && l.Class.Cause() == loadgen.CauseReset && (unanswered(l.Class) || l.Class.Stage() == loadgen.StageTLS) &&
		own != nil && within(l.End, own.listenerClosed, own.listenerClosed) && !within(l.End, own.exited, own.exited)
}

func tellAcceptQueue(s *scene, e *evidence) Finding {
	return Finding{
		Title:      counted(int64(len(e.lost)), "connection was", "connections were") + " reset in the accept queue when the listener closed",
		Confidence: Likely,
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e), "they had been made, but no process had accepted them when the listener closed; the processes lived on"},
		Remedies: []Remedy{
			{"any", "accept until the balancer has taken the endpoint out, and what is queued, before the listener closes"},
			{"Linux", "several listeners on one port (SO_REUSEPORT): net.ipv4.tcp_migrate_req=1 hands the queue on"},
		},
	}
}

// exits are the lives whose end can have cut the loss.
func (s *scene) exits(l *loadgen.LostRequest) []*life {
	own := s.lifeOf(l)
	var list []*life
	for i := range s.lives {
		one := &s.lives[i]
		if s.mayBe(own, one) && within(l.End, one.exited, one.exited) {
			list = append(list, one)
		}
	}
	return list
}

// metBy are the lives that explain losses, each once, in the order in which they
// were met.
func metBy(lost []*loadgen.LostRequest, explain func(*loadgen.LostRequest) []*life) []*life {
	var list []*life
	known := map[*life]bool{}
	for _, l := range lost {
		for _, one := range explain(l) {
			if !known[one] {
				known[one] = true
				list = append(list, one)
			}
		}
	}
	return list
}

// killings are the lives whose end by force can have cut the loss.
func (s *scene) killings(l *loadgen.LostRequest) []*life {
	return slices.DeleteFunc(s.exits(l), func(one *life) bool { return one.killed == unknown })
}

func claimsGraceOver(s *scene, l *loadgen.LostRequest) bool {
	return isCut(l.Class) && len(s.killings(l)) > 0
}

func tellGraceOver(s *scene, e *evidence) Finding {
	met := metBy(e.lost, s.killings)
	slowest := s.slowestAnswer()
	needed := max(e.longest, slowest)
	f := Finding{
		Title:      counted(int64(len(e.lost)), "request in flight was cut when its process was killed at the end of its grace", "requests in flight were cut when their process was killed at the end of its grace"),
		Confidence: Shown,
		Measured:   e.longest,
		Needed:     needed,
		Evidence: []string{
			e.what(),
			fmt.Sprintf("killed: %s, %s", lifeNames(met), hadLived(met)),
			fmt.Sprintf("the longest had been under way for %s; the slowest answer of the run took %s", duration(e.longest), duration(slowest)),
		},
		Remedies: finishRequests(needed),
	}
	if told := shutdownsOf(met); told != "" {
		f.Evidence = append(f.Evidence, told)
	}
	return f
}

func lifeNames(list []*life) string {
	var endpoints []string
	for _, one := range list {
		endpoints = append(endpoints, one.endpoint)
	}
	return names(endpoints)
}

// hadLived tells the shortest time from being told to go to being killed.
func hadLived(list []*life) string {
	shortest := int64(unknown)
	for _, one := range list {
		if one.terminating == unknown {
			continue
		}
		if d := one.killed - one.terminating; shortest == unknown || d < shortest {
			shortest = d
		}
	}
	if shortest == unknown {
		return "no mark tells how long after its termination began"
	}
	return duration(shortest) + " after termination began"
}

// tellKilledUnmet is of endpoints that did not end by themselves, which cost
// nothing this time.
func tellKilledUnmet(s *scene) (Finding, bool) {
	var killed []*life
	for i := range s.lives {
		if s.lives[i].killed != unknown {
			killed = append(killed, &s.lives[i])
		}
	}
	if len(killed) == 0 || slices.ContainsFunc(s.run.Lost, func(l loadgen.LostRequest) bool { return claimsGraceOver(s, &l) }) {
		return Finding{}, false
	}
	f := Finding{
		Title:      counted(int64(len(killed)), "endpoint was", "endpoints were") + " killed at the end of the grace; no request was lost to it here, but whatever was open was cut",
		Confidence: Shown,
		Evidence:   []string{fmt.Sprintf("%s, %s", lifeNames(killed), hadLived(killed))},
		Remedies: []Remedy{
			{"any", "find what keeps the process from ending: connections that stay open, or a stop signal that it does not heed"},
			{"Kubernetes", "terminationGracePeriodSeconds above the pre-stop delay and what the process needs after it"},
		},
	}
	if told := shutdownsOf(killed); told != "" {
		f.Evidence = append(f.Evidence, told)
	}
	return f, true
}

func claimsKilled(s *scene, l *loadgen.LostRequest) bool {
	return isCut(l.Class) && len(s.exits(l)) > 0
}

func tellKilled(s *scene, e *evidence) Finding {
	slowest := s.slowestAnswer()
	needed := max(e.longest, slowest)
	f := Finding{
		Title:      counted(int64(len(e.lost)), "request in flight was cut when its process exited", "requests in flight were cut when their process exited"),
		Confidence: Shown,
		Measured:   e.longest,
		Needed:     needed,
		Evidence:   []string{e.what(), fmt.Sprintf("the longest had been under way for %s; the slowest answer of the run took %s", duration(e.longest), duration(slowest))},
		Remedies:   finishRequests(needed),
	}
	if given, known := s.graceGiven(e); known {
		f.Evidence = append(f.Evidence, fmt.Sprintf("from the stop signal to the exit the process had %s", duration(given)))
	}
	if n := queued(e); n > 0 {
		f.Evidence = append(f.Evidence, fmt.Sprintf("%d of them, reset on new connections, may have waited in the accept queue instead: cannot tell, and accepting until the balancer has heard of it cures both", n))
		if n == len(e.lost) {
			f.Confidence = Likely
		}
	}
	return f
}

// queued counts those that a closed accept queue explains as well.
func queued(e *evidence) int {
	n := 0
	for _, l := range e.lost {
		if !l.Reused && l.Class.Cause() == loadgen.CauseReset && unanswered(l.Class) {
			n++
		}
	}
	return n
}

// graceGiven is the shortest time that a process had from the signal to its
// exit, in ns.
func (s *scene) graceGiven(e *evidence) (given int64, known bool) {
	for _, l := range e.lost {
		for _, one := range s.exits(l) {
			if one.signalled == unknown {
				continue
			}
			if d := one.exited - one.signalled; !known || d < given {
				given, known = d, true
			}
		}
	}
	return given, known
}

func claimsKeptAlive(_ *scene, l *loadgen.LostRequest) bool {
	return l.Reused && isCut(l.Class) && unanswered(l.Class)
}

func tellKeptAlive(s *scene, e *evidence) Finding {
	fastest := answered(s.run).Min
	quick := 0
	for _, l := range e.lost {
		if l.End-l.Start < fastest {
			quick++
		}
	}
	f := Finding{
		Title:      counted(int64(len(e.lost)), "request", "requests") + " went out on kept-alive connections that the server was closing",
		Confidence: Likely,
		Evidence: []string{
			e.what(),
			e.when() + "; " + s.where(e),
			"no answer before had said Connection: close, or the connections would not have been used again",
			fmt.Sprintf("%d of %d failed sooner than the fastest answer came (%s)", quick, len(e.lost), duration(fastest)),
		},
		Remedies: []Remedy{
			{"any", "while draining, answer with Connection: close, and close idle connections only some time after"},
			{"clients", "an idle timeout shorter than the server's"},
			{"Envoy", "POST /drain_listeners?graceful or /healthcheck/fail: both make it answer with Connection: close"},
			{"nginx", "keepalive_min_timeout (from 1.27.4): how long an idle connection is left open after SIGQUIT"},
			{"HAProxy", "option idle-close-on-response: an idle connection is closed after one more answer"},
		},
	}
	if quick*2 < len(e.lost) {
		f.Confidence = CannotTell
		f.Evidence = append(f.Evidence, "the others may have been in flight when their process ended: no mark tells")
	}
	return f
}

func claimsCut(_ *scene, l *loadgen.LostRequest) bool { return isCut(l.Class) }

func tellCut(s *scene, e *evidence) Finding {
	slowest := s.slowestAnswer()
	f := Finding{
		Title:      counted(int64(len(e.lost)), "request in flight was cut", "requests in flight were cut"),
		Confidence: CannotTell,
		Measured:   e.longest,
		Needed:     max(e.longest, slowest),
		Evidence: []string{
			e.what(),
			e.when() + "; " + s.where(e),
			fmt.Sprintf("the longest had been under way for %s; the slowest answer of the run took %s", duration(e.longest), duration(slowest)),
			"cannot tell whether a process ended or something between cut the connections: no mark tells of an exit then",
		},
	}
	f.Remedies = finishRequests(f.Needed)
	return f
}

func claimsTLSCut(_ *scene, l *loadgen.LostRequest) bool {
	switch l.Class.Cause() {
	case loadgen.CauseEOF, loadgen.CauseReset, loadgen.CauseTimeout:
		return l.Class.Stage() == loadgen.StageTLS
	default:
		return false
	}
}

func tellTLSCut(s *scene, e *evidence) Finding {
	f := Finding{
		Title:      counted(int64(len(e.lost)), "TLS handshake was", "TLS handshakes were") + " cut",
		Confidence: CannotTell,
		Measured:   e.span(),
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e)},
		Remedies:   []Remedy{{"any", "go on accepting until the balancer has taken the endpoint out; a layer-4 balancer makes connections to a process that is going"}},
	}
	met := metBy(e.lost, func(l *loadgen.LostRequest) []*life {
		own := s.lifeOf(l)
		if !overlaps(own) || !within(l.End, own.stopped(), own.removed) {
			return nil
		}
		return []*life{own}
	})
	if len(met) == 0 {
		f.Evidence = append(f.Evidence, "cannot tell what cut them: "+s.missing(e))
		return f
	}
	o := overlapOf(met)
	f.Confidence, f.Needed, f.Remedies = Shown, o.needed, acceptLonger(o.needed)
	f.Evidence = append(f.Evidence, fmt.Sprintf("the endpoints stopped accepting %s after their termination began, and were out of the balancer %s after it began", duration(o.accepted), duration(o.needed)))
	return f
}

func tellTLSRefused(s *scene, e *evidence) Finding {
	return Finding{
		Title:      counted(int64(len(e.lost)), "TLS handshake", "TLS handshakes") + " failed",
		Confidence: Likely,
		Evidence:   append([]string{e.what(), e.when() + "; " + s.where(e)}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "check that old and new replicas have the same certificates, and the same versions of TLS"}},
	}
}

func tellName(s *scene, e *evidence) Finding {
	return Finding{
		Title:      "the name was not found for " + duration(e.span()),
		Confidence: Likely,
		Measured:   e.span(),
		Evidence:   append([]string{e.what(), e.when()}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "keep the record until the last endpoint it names is gone"}, {"Kubernetes", "a headless Service names ready pods alone: publishNotReadyAddresses, or a Service with an address"}},
	}
}

func tellProxy(s *scene, e *evidence) Finding {
	return Finding{
		Title:      "the proxy failed " + counted(int64(len(e.lost)), "request", "requests"),
		Confidence: Likely,
		Evidence:   append([]string{e.what(), e.when()}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "check -x: what is behind the proxy was not reached, and nothing is known of it"}},
	}
}

func claimsHung(_ *scene, l *loadgen.LostRequest) bool {
	return beyondConnect(l.Class) && l.Class.Cause() == loadgen.CauseTimeout
}

func tellHung(s *scene, e *evidence) Finding {
	return Finding{
		Title:      fmt.Sprintf("%s got no whole answer within %s (-t)", counted(int64(len(e.lost)), "request", "requests"), duration(int64(s.run.Settings.Timeout))),
		Confidence: CannotTell,
		Measured:   e.span(),
		Evidence:   []string{e.what(), fmt.Sprintf("they began %s; %s", e.when(), s.where(e)), "a server that hangs and packets that no longer arrive look the same from here"},
		Remedies: []Remedy{
			{"any", "if replicas were leaving: an address that goes with connections open to it neither answers nor refuses; drain them first"},
			{"any", "if the service is just slow: a longer -t"},
		},
	}
}

func claimsMalformed(_ *scene, l *loadgen.LostRequest) bool {
	return beyondConnect(l.Class) && l.Class.Cause() == loadgen.CauseMalformed
}

func tellMalformed(s *scene, e *evidence) Finding {
	return Finding{
		Title:      counted(int64(len(e.lost)), "answer was", "answers were") + " not what HTTP/1.1 allows",
		Confidence: Shown,
		Evidence:   append([]string{e.what(), e.when() + "; " + s.where(e)}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "see the texts: a client that hides this shows its users half an answer"}},
	}
}

func tellUnexplained(s *scene, e *evidence) Finding {
	return Finding{
		Title:      counted(int64(len(e.lost)), "request", "requests") + " failed for reasons that no rule knows",
		Confidence: CannotTell,
		Evidence:   append([]string{e.what(), e.when() + "; " + s.where(e)}, s.texts(e)...),
	}
}

// maxTexts bounds the error texts that a finding quotes.
const maxTexts = 3

// texts quotes the error texts that the losses met most often.
func (s *scene) texts(e *evidence) []string {
	var list []string
	for _, sample := range s.run.Samples {
		if len(list) < maxTexts && slices.ContainsFunc(e.classes, func(c loadgen.BinLoss) bool { return c.Class == sample.Class }) {
			list = append(list, fmt.Sprintf("%d × %s", sample.Count, sample.Text))
		}
	}
	return list
}

func tellUntold(s *scene) (Finding, bool) {
	n := s.run.LostUntold
	return Finding{
		Title:      fmt.Sprintf("%s in the counts alone: the findings are about the first %d", counted(n, "lost request is", "lost requests are"), len(s.run.Lost)),
		Confidence: Shown,
	}, n > 0
}

func tellClient(s *scene) (Finding, bool) {
	n := s.run.Counts.Spoiled
	f := Finding{
		Title:      counted(n, "request", "requests") + " failed on this machine, which says nothing about the target",
		Confidence: Shown,
	}
	for _, c := range s.loss.Classes {
		if c.Spoiled {
			f.Evidence = append(f.Evidence, fmt.Sprintf("%d × %s: %s", c.Total(), c.Class, c.Sample))
			f.Remedies = append(f.Remedies, Remedy{"this machine", c.Class.Info().Remedy})
		}
	}
	return f, n > 0
}

func tellEndedEarly(s *scene) (Finding, bool) {
	e := s.loss.Event
	return Finding{
		Title:      "the load was over before the event was: what came after it met no request",
		Confidence: Shown,
		Measured:   e.End - e.LoadOver,
		Evidence:   []string{fmt.Sprintf("the last request started at %s, the event ended at %s", moment(e.LoadOver), moment(e.End))},
		Remedies:   []Remedy{{"any", "a longer load, or --settle 1s"}},
	}, e.Known && !e.Inside() && !s.run.Interrupted
}

func tellNoEvent(s *scene) (Finding, bool) {
	return Finding{
		Title:      "what the steps did to the target was not seen: no mark tells of an endpoint",
		Confidence: Shown,
		Evidence:   []string{"a step that changed nothing looks the same as one that lost nothing"},
	}, s.loss.Event.Known && len(s.lives) == 0
}

func tellExposure(s *scene) (Finding, bool) {
	event := s.loss.Event
	length := event.End - event.Begin
	smallest := s.loss.Limits.Smallest(1)
	return Finding{
		Title:      fmt.Sprintf("too little load to tell: an outage of 1 of %d endpoints shorter than %s would have gone unseen", s.loss.Limits.Of, duration(smallest)),
		Confidence: Shown,
		Measured:   smallest,
		Evidence:   []string{fmt.Sprintf("the whole event took %s", duration(length))},
		Remedies:   []Remedy{{"any", "more requests per second: a higher -c or -q"}},
	}, s.run.Counts.Lost == 0 && event.Known && s.loss.Limits.Of > 1 && smallest > length
}
