package diagnosis

import (
	"fmt"
	"iter"

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
	if response := s.seen[l.Endpoint].LastResponse; s.named(l) && response > l.End+readTogether {
		return response
	}
	return analysis.Unknown
}

// idled reports that a connection may have been closed because it was idle: no
// answer of the run came as soon as the end of it.
func (s *observation) idled(l *record.LostRequest) bool {
	return l.Reused && analysis.Unresponded(l.Class) && l.End-l.Start < s.responses.Min
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

// surely reports that the marks place an exit at the time of the loss.
func (s *observation) surely(l *record.LostRequest) bool {
	for _, sure := range s.exits(l) {
		if sure {
			return true
		}
	}
	return false
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

// need is how long requests like those that were cut may need, in ns. It is the
// least that they need where no response of the run took as long: how much longer is
// not known.
func (s *observation) need(e *evidence) (needed int64, least bool) {
	return max(e.longest, s.responses.Max), e.longest >= s.responses.Max
}

// underWay is the evidence for that.
func (s *observation) underWay(e *evidence) string {
	if s.responses.Count == 0 {
		return fmt.Sprintf("the longest had been under way for %s; no request of the run was answered", phrase.Duration(e.longest))
	}
	if _, least := s.need(e); least {
		return fmt.Sprintf("the longest had been under way for %s, longer than any answer of the run took (%s)", phrase.Duration(e.longest), phrase.Duration(s.responses.Max))
	}
	return fmt.Sprintf("the longest had been under way for %s; the slowest answer of the run took %s", phrase.Duration(e.longest), phrase.Duration(s.responses.Max))
}
