package report

import (
	"fmt"
	"math"
	"slices"

	"nodrop/loadgen"
)

// exits are the lives whose end can have cut the loss.
func (s *scene) exits(l *loadgen.LostRequest) []*life {
	own := s.lifeOf(l)
	alive := own != nil && s.answeredAfter(l)
	var list []*life
	for i := range s.lives {
		one := &s.lives[i]
		if may, sure := one.exitedAt(l.End); may && s.mayBe(own, one) && (sure || !alive) {
			list = append(list, one)
		}
	}
	return list
}

// answeredAfter reports that the endpoint of a loss answered after it: its process
// had not ended.
func (s *scene) answeredAfter(l *loadgen.LostRequest) bool {
	return slices.ContainsFunc(s.run.Endpoints, func(e loadgen.EndpointSeen) bool { return e.Name == l.Endpoint && e.LastAnswer > l.End })
}

// sureOf grades a finding of processes that ended: shown where the marks name the
// endpoint of each loss, and place its exit then.
func (s *scene) sureOf(e *evidence, f *Finding) {
	shared, late := false, false
	for _, l := range e.lost {
		shared = shared || s.lifeOf(l) == nil
		late = late || !slices.ContainsFunc(s.exits(l), func(one *life) bool {
			_, sure := one.exitedAt(l.End)
			return sure
		})
	}
	if shared || late {
		f.Confidence = Likely
	}
	if shared {
		f.Evidence = append(f.Evidence, "the endpoints share an address: which of them cut a request is not known")
	}
	if late {
		f.Evidence = append(f.Evidence, fmt.Sprintf("a control plane tells of an exit up to %s after it: what was cut so shortly before a mark is laid to it", duration(exitTold)))
	}
}

// timeFor is how long requests like those that were cut may need, in ns.
func (s *scene) timeFor(e *evidence) int64 { return max(e.longest, s.slowestAnswer()) }

// underWay is the evidence for that.
func (s *scene) underWay(e *evidence) string {
	return fmt.Sprintf("the longest had been under way for %s; the slowest answer of the run took %s", duration(e.longest), duration(s.slowestAnswer()))
}

// metBy are the lives that explain losses, each once, in the order in which they
// were met.
func metBy(lost []*loadgen.LostRequest, explain func(*loadgen.LostRequest) []*life) []*life {
	var met lifeSet
	for _, l := range lost {
		met.add(explain(l))
	}
	return met.list
}

// lifeSet has lives, each once, in the order in which they came. The zero value has
// none.
type lifeSet struct {
	list  []*life
	known map[*life]bool
}

func (s *lifeSet) add(some []*life) {
	if s.known == nil {
		s.known = map[*life]bool{}
	}
	for _, one := range some {
		if !s.known[one] {
			s.known[one] = true
			s.list = append(s.list, one)
		}
	}
}

// killings are the lives whose end by force can have cut the loss; none where
// another's end is nearer to it.
func (s *scene) killings(l *loadgen.LostRequest) []*life {
	var killed []*life
	nearest, other := int64(math.MaxInt64), int64(math.MaxInt64)
	for _, one := range s.exits(l) {
		if d := abs(l.End - one.exited); one.killed == unknown {
			other = min(other, d)
		} else {
			nearest, killed = min(nearest, d), append(killed, one)
		}
	}
	if other < nearest {
		return nil
	}
	return killed
}

func claimsGraceOver(s *scene, l *loadgen.LostRequest) bool {
	return isCut(l.Class) && len(s.killings(l)) > 0
}

func tellGraceOver(s *scene, e *evidence) Finding {
	met := metBy(e.lost, s.killings)
	f := Finding{
		Title:      counted(int64(len(e.lost)), "request in flight was cut when its process was killed at the end of its grace", "requests in flight were cut when their process was killed at the end of its grace"),
		Confidence: Shown,
		Measured:   e.longest,
		Evidence: []string{
			e.what(),
			fmt.Sprintf("killed: %s, %s", lifeNames(met), hadLived(met)),
			s.underWay(e),
		},
		Remedies: endByItself(),
	}
	if s.openAtTermination(e) {
		f.Needed = s.timeFor(e)
		for _, one := range met {
			if one.terminating != unknown {
				f.Needed = max(f.Needed, one.killed-one.terminating) // which was too short
			}
		}
		f.Remedies = finishRequests(f.Needed)
	} else {
		f.Evidence = append(f.Evidence, "all of them were sent after its termination had begun: it went on accepting, and a longer grace would cut later ones")
	}
	s.sureOf(e, &f)
	f.Evidence = append(f.Evidence, shutdownsOf(met)...)
	return f
}

// openAtTermination reports that a request which was cut by force was under way
// when the termination began, or that this is not known.
func (s *scene) openAtTermination(e *evidence) bool {
	return slices.ContainsFunc(e.lost, func(l *loadgen.LostRequest) bool {
		return slices.ContainsFunc(s.killings(l), func(one *life) bool { return l.Start < one.terminating+near || one.terminating == unknown })
	})
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

func claimsKilled(s *scene, l *loadgen.LostRequest) bool {
	return isCut(l.Class) && len(s.exits(l)) > 0
}

func tellKilled(s *scene, e *evidence) Finding {
	needed := s.timeFor(e)
	f := Finding{
		Title:      counted(int64(len(e.lost)), "request in flight was cut when its process exited", "requests in flight were cut when their process exited"),
		Confidence: Shown,
		Measured:   e.longest,
		Needed:     needed,
		Evidence:   []string{e.what(), s.underWay(e)},
		Remedies:   finishRequests(needed),
	}
	s.sureOf(e, &f)
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
	needed := s.timeFor(e)
	return Finding{
		Title:      counted(int64(len(e.lost)), "request in flight was cut", "requests in flight were cut"),
		Confidence: CannotTell,
		Measured:   e.longest,
		Needed:     needed,
		Evidence: []string{
			e.what(),
			e.when() + "; " + s.where(e),
			s.underWay(e),
			"cannot tell whether a process ended or something between cut the connections: no mark tells of an exit then",
		},
		Remedies: finishRequests(needed),
	}
}
