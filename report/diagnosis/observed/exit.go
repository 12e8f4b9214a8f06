package observed

import (
	"fmt"
	"iter"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// Exits yields the lifecycles whose process exit can have cut the request, and
// whether the marks are sure of the time.
func (s *Observation) Exits(l *record.LostRequest) iter.Seq2[*analysis.Lifecycle, bool] {
	return func(yield func(*analysis.Lifecycle, bool) bool) {
		alive := s.alive(l)
		for one := range s.Suspects(l) {
			may, sure := one.ExitedAt(l.End)
			may = may || s.heldUpAfter(one, l)
			if !may || alive != analysis.Unknown && alive <= one.Exited || !sure && s.Shapes.Quick(l) {
				continue
			}
			if !yield(one, sure) {
				return
			}
		}
	}
}

// mostHeldUp is the longest time for which a busy machine may hold up nodrop, in
// ns, if its responses show that it was busy.
const mostHeldUp = 500_000_000

// heldUp returns how late what had arrived may have been read, in ns: as late as
// the slowest response was.
func heldUp(run *record.Run) int64 {
	ok := &run.Latency.OK
	if ok.Count == 0 {
		return 0
	}
	return min(ok.Max-ok.Percentile(50), mostHeldUp)
}

// heldUpAfter reports whether a request was in flight when its process exited,
// and its end was read too late to be near the mark.
func (s *Observation) heldUpAfter(one *analysis.Lifecycle, l *record.LostRequest) bool {
	return s.Named(l) && one.ExitSeen() && l.Start < one.Exited && l.End > one.Exited+analysis.Near && l.End-one.Exited <= s.HeldUp
}

// HeldUpAtExit counts the losses that were read so late, and returns by how much
// at most.
func (s *Observation) HeldUpAtExit(lost []*record.LostRequest) (n int, most int64) {
	for _, l := range lost {
		for one, sure := range s.Exits(l) {
			if !sure && s.heldUpAfter(one, l) {
				n, most = n+1, max(most, l.End-one.Exited)
				break
			}
		}
	}
	return n, most
}

// alive returns the time of the endpoint's last response after a loss, in ns;
// Unknown if there is none. A process that exited after that did not cut the
// request.
func (s *Observation) alive(l *record.LostRequest) int64 {
	if response := s.Seen[l.Endpoint].LastResponse; s.Named(l) && response > l.End+ReadTogether {
		return response
	}
	return analysis.Unknown
}

// ServedAfter reports whether the endpoint of a loss, if marks name it, responded
// after the loss.
func (s *Observation) ServedAfter(l *record.LostRequest) bool { return s.alive(l) != analysis.Unknown }

// Surely reports whether the marks place an exit at the time of the loss.
func (s *Observation) Surely(l *record.LostRequest) bool {
	for _, sure := range s.Exits(l) {
		if sure {
			return true
		}
	}
	return false
}

// Need returns how long requests like those that were cut may take, in ns. It
// is a lower bound if no response of the run took longer.
func (s *Observation) Need(e *Evidence) (needed int64, least bool) {
	return max(e.Longest, s.Responses.Max), e.Longest >= s.Responses.Max
}

// UnderWay is the evidence for need.
func (s *Observation) UnderWay(e *Evidence) string {
	if s.Responses.Count == 0 {
		return fmt.Sprintf("the longest had been in flight for %s; no request of the run got a response", phrase.Duration(e.Longest))
	}
	if _, least := s.Need(e); least {
		return fmt.Sprintf("the longest had been in flight for %s, longer than any response of the run took (%s)", phrase.Duration(e.Longest), phrase.Duration(s.Responses.Max))
	}
	return fmt.Sprintf("the longest had been in flight for %s; the slowest response of the run took %s", phrase.Duration(e.Longest), phrase.Duration(s.Responses.Max))
}
