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
			if !may || alive != analysis.Unknown && alive <= one.Exited || !sure && s.Shapes.Quick(l) {
				continue
			}
			if !yield(one, sure) {
				return
			}
		}
	}
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
