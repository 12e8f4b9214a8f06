package diagnosis

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// exits are the lifecycles whose end can have cut the loss, and whether the marks are
// sure of the end's time.
func (s *observation) exits(l *record.LostRequest) iter.Seq2[*analysis.Lifecycle, bool] {
	return func(yield func(*analysis.Lifecycle, bool) bool) {
		alive := s.alive(l)
		for one := range s.suspects(l) {
			may, sure := one.ExitedAt(l.End)
			if !may || alive != analysis.Unknown && alive <= one.Exited || !sure && s.idled(l) {
				continue
			}
			if !yield(one, sure) {
				return
			}
		}
	}
}

// alive is when the endpoint of a loss still answered after it, in ns: a process that
// exited later did not cut the request by that. It is unknown where it did not.
func (s *observation) alive(l *record.LostRequest) int64 {
	if answer := s.seen[l.Endpoint].LastAnswer; s.named(l) && answer > l.End+readTogether {
		return answer
	}
	return analysis.Unknown
}

// idled reports that a connection may have been closed because it was idle: no
// answer of the run came as soon as the end of it.
func (s *observation) idled(l *record.LostRequest) bool {
	return l.Reused && analysis.Unanswered(l.Class) && l.End-l.Start < s.answers.Min
}

// sureOf grades a finding of processes that ended: shown where the marks name the
// endpoint of each loss, and place its exit then.
func (s *observation) sureOf(e *evidence, f *Finding) {
	shared, late := false, false
	for _, l := range e.lost {
		shared = shared || !s.named(l)
		late = late || !s.surely(l)
	}
	if shared || late {
		f.Confidence = Likely
	}
	if shared {
		f.Evidence = append(f.Evidence, "the endpoints share an address: which of them cut a request is not known")
	}
	if late {
		f.Evidence = append(f.Evidence, fmt.Sprintf("a control plane tells of an exit up to %s after it: what was cut so shortly before a mark is laid to it", phrase.Duration(analysis.ExitLag)))
	}
}

// surely reports that the marks place an exit at the time of the loss.
func (s *observation) surely(l *record.LostRequest) bool {
	for _, sure := range s.exits(l) {
		if sure {
			return true
		}
	}
	return false
}

// need is how long requests like those that were cut may need, in ns. It is the
// least that they need where no answer of the run took as long: how much longer is
// not known.
func (s *observation) need(e *evidence) (needed int64, least bool) {
	return max(e.longest, s.answers.Max), e.longest >= s.answers.Max
}

// underWay is the evidence for that.
func (s *observation) underWay(e *evidence) string {
	if s.answers.Count == 0 {
		return fmt.Sprintf("the longest had been under way for %s; no request of the run was answered", phrase.Duration(e.longest))
	}
	if _, least := s.need(e); least {
		return fmt.Sprintf("the longest had been under way for %s, longer than any answer of the run took (%s)", phrase.Duration(e.longest), phrase.Duration(s.answers.Max))
	}
	return fmt.Sprintf("the longest had been under way for %s; the slowest answer of the run took %s", phrase.Duration(e.longest), phrase.Duration(s.answers.Max))
}

// metBy are the lifecycles that explain losses, each once, in the order in which they
// were met.
func metBy(lost []*record.LostRequest, explain func(*record.LostRequest) []*analysis.Lifecycle) []*analysis.Lifecycle {
	var met lifecycleSet
	for _, l := range lost {
		met.add(explain(l))
	}
	return met.list
}

// lifecycleSet has lifecycles, each once, in the order in which they came. The zero value has
// none.
type lifecycleSet struct {
	list  []*analysis.Lifecycle
	known map[*analysis.Lifecycle]bool
}

func (s *lifecycleSet) add(some []*analysis.Lifecycle) {
	if s.known == nil {
		s.known = map[*analysis.Lifecycle]bool{}
	}
	for _, one := range some {
		if !s.known[one] {
			s.known[one] = true
			s.list = append(s.list, one)
		}
	}
}

// killings are the lifecycles whose end by force can have cut the loss; none where the
// marks are surer of another's end, or place it nearer. Where they are sure of
// neither, others tells that there is another.
func (s *observation) killings(l *record.LostRequest) (killed, others []*analysis.Lifecycle) {
	nearest, other := int64(math.MaxInt64), int64(math.MaxInt64) // of those that are sure
	for one, sure := range s.exits(l) {
		distance := int64(math.MaxInt64)
		if sure {
			distance = max(l.End-one.Exited, one.Exited-l.End)
		}
		if one.Killed == analysis.Unknown {
			others, other = append(others, one), min(other, distance)
		} else {
			killed, nearest = append(killed, one), min(nearest, distance)
		}
	}
	switch {
	case other < nearest:
		return nil, nil
	case nearest < math.MaxInt64:
		return killed, nil
	}
	return killed, others
}

// killers are the lifecycles that killings finds.
func (s *observation) killers(l *record.LostRequest) []*analysis.Lifecycle {
	killed, _ := s.killings(l)
	return killed
}

func matchesGraceOver(s *observation, l *record.LostRequest) bool {
	return analysis.IsCut(l.Class) && len(s.killers(l)) > 0
}

func explainGraceOver(s *observation, e *evidence) Finding {
	met := metBy(e.lost, s.killers)
	f := Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "request in flight was cut when its process was killed at the end of its grace", "requests in flight were cut when their process was killed at the end of its grace"),
		Confidence: Shown,
		Measured:   e.longest,
		Evidence: []string{
			e.what(),
			fmt.Sprintf("killed: %s, %s", endpointNames(met), hadLived(met)),
			s.underWay(e),
		},
		Remedies: endByItself(),
	}
	if s.openAtTermination(e) {
		needed, least := s.need(e)
		for _, one := range met {
			if one.Terminating != analysis.Unknown {
				needed = max(needed, one.Killed-one.Terminating) // which was too short
			}
		}
		f.Needed, f.Remedies = needed, finishRequests(needed, least)
	} else {
		f.Evidence = append(f.Evidence, "all of them were sent after its termination had begun: it "+s.tookMore(e)+", and a longer grace would cut later ones")
	}
	s.sureOf(e, &f)
	if others := metBy(e.lost, s.alsoEnded); len(others) > 0 {
		f.Confidence = CannotTell
		f.Evidence = append(f.Evidence, fmt.Sprintf("cannot tell whether it was that: %s ended without force, and that is told too late as well", endpointNames(others)))
	}
	s.orCrashed(e, &f)
	f.Evidence = append(f.Evidence, shutdownsOf(met)...)
	return f
}

// openAtTermination reports that a request which was cut by force was under way
// when the termination began, or that this is not known.
func (s *observation) openAtTermination(e *evidence) bool {
	return slices.ContainsFunc(e.lost, func(l *record.LostRequest) bool {
		return slices.ContainsFunc(s.killers(l), func(one *analysis.Lifecycle) bool {
			return l.Start < one.Terminating+analysis.Near || one.Terminating == analysis.Unknown
		})
	})
}

// alsoEnded are the lifecycles that ended without force, and may have cut a loss as well
// as those that were killed.
func (s *observation) alsoEnded(l *record.LostRequest) []*analysis.Lifecycle {
	_, others := s.killings(l)
	return others
}

// tookMore says how requests came to an endpoint that was told to go.
func (s *observation) tookMore(e *evidence) string {
	for _, l := range e.lost {
		accepting := func(one *analysis.Lifecycle) bool {
			return one.ListenerClosed == analysis.Unknown || one.ListenerClosed > l.Start
		}
		if !l.Reused && slices.ContainsFunc(s.killers(l), accepting) {
			return "went on accepting"
		}
	}
	return "went on taking requests on open connections"
}

func endpointNames(list []*analysis.Lifecycle) string {
	var endpoints []string
	for _, one := range list {
		endpoints = append(endpoints, one.Endpoint)
	}
	return phrase.Names(endpoints)
}

// hadLived tells the shortest time from being told to go to being killed.
func hadLived(list []*analysis.Lifecycle) string {
	shortest := int64(analysis.Unknown)
	for _, one := range list {
		if one.Terminating == analysis.Unknown {
			continue
		}
		if d := one.Killed - one.Terminating; shortest == analysis.Unknown || d < shortest {
			shortest = d
		}
	}
	if shortest == analysis.Unknown {
		return "no mark tells how long after its termination began"
	}
	return phrase.Duration(shortest) + " after termination began"
}

func matchesKilled(s *observation, l *record.LostRequest) bool {
	if !analysis.IsCut(l.Class) {
		return false
	}
	for range s.exits(l) {
		return true
	}
	return false
}

func explainKilled(s *observation, e *evidence) Finding {
	needed, least := s.need(e)
	f := Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "request in flight was cut when its process exited", "requests in flight were cut when their process exited"),
		Confidence: Shown,
		Measured:   e.longest,
		Needed:     needed,
		Evidence:   []string{e.what(), s.underWay(e)},
		Remedies:   finishRequests(needed, least),
	}
	s.sureOf(e, &f)
	if given, known := s.graceGiven(e); known {
		f.Evidence = append(f.Evidence, fmt.Sprintf("from the stop signal to the exit the process had %s", phrase.Duration(given)))
	}
	n, idle := queued(e), s.idle(e)
	if n > 0 {
		f.Evidence = append(f.Evidence, fmt.Sprintf("%d of them, reset on new connections, may have waited in the accept queue instead: cannot tell, and accepting until the balancer has heard of it cures both", n))
	}
	if idle > 0 {
		f.Evidence = append(f.Evidence, fmt.Sprintf("%d of them, which failed sooner than the fastest answer came (%s), may have gone out on kept-alive connections that the process was closing: cannot tell, and answering with Connection: close while it drains cures that", idle, phrase.Duration(s.answers.Min)))
	}
	if n+idle == len(e.lost) && f.Confidence == Shown {
		f.Confidence = Likely
	}
	s.orCrashed(e, &f)
	return f
}

// queued counts those that a closed accept queue explains as well.
func queued(e *evidence) int {
	n := 0
	for _, l := range e.lost {
		if !l.Reused && l.Class.Cause() == record.CauseReset && analysis.Unanswered(l.Class) {
			n++
		}
	}
	return n
}

// idle counts those that a connection which was closed for being idle explains.
func (s *observation) idle(e *evidence) int {
	n := 0
	for _, l := range e.lost {
		if s.idled(l) {
			n++
		}
	}
	return n
}

// graceGiven is the shortest time that a process had from the signal to its
// exit, in ns.
func (s *observation) graceGiven(e *evidence) (given int64, known bool) {
	for _, l := range e.lost {
		for one := range s.exits(l) {
			if one.Signalled == analysis.Unknown {
				continue
			}
			if d := one.Exited - one.Signalled; !known || d < given {
				given, known = d, true
			}
		}
	}
	return given, known
}

func matchesKeptAlive(_ *observation, l *record.LostRequest) bool {
	return l.Reused && analysis.IsCut(l.Class) && analysis.Unanswered(l.Class)
}

func explainKeptAlive(s *observation, e *evidence) Finding {
	quick := s.idle(e)
	f := Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "request", "requests") + " went out on kept-alive connections that the server was closing",
		Confidence: Likely,
		Evidence: []string{
			e.what(),
			e.when() + "; " + s.where(e),
			"no answer before had said Connection: close, or the connections would not have been used again",
			fmt.Sprintf("%d of %d failed sooner than the fastest answer came (%s)", quick, len(e.lost), phrase.Duration(s.answers.Min)),
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

func matchesCut(_ *observation, l *record.LostRequest) bool { return analysis.IsCut(l.Class) }

func explainCut(s *observation, e *evidence) Finding {
	needed, least := s.need(e)
	exit := "an exit"
	if !slices.ContainsFunc(e.lost, func(l *record.LostRequest) bool { return !s.named(l) }) {
		exit = phrase.Choose(int64(len(e.endpoints)), "its exit", "their exits")
	}
	return Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "request in flight was cut", "requests in flight were cut"),
		Confidence: CannotTell,
		Measured:   e.longest,
		Needed:     needed,
		Evidence: []string{
			e.what(),
			e.when() + "; " + s.where(e),
			s.underWay(e),
			"cannot tell whether a process ended or something between cut the connections: no mark tells of " + exit + " then",
		},
		Remedies: finishRequests(needed, least),
	}
}
