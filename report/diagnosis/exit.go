package diagnosis

import (
	"fmt"
	"iter"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// exits yields the lifecycles whose process exit can have cut the request, and
// whether the marks are sure of the time.
func (s *observation) exits(l *record.LostRequest) iter.Seq2[*analysis.Lifecycle, bool] {
	return func(yield func(*analysis.Lifecycle, bool) bool) {
		alive := s.alive(l)
		for one := range s.suspects(l) {
			may, sure := one.ExitedAt(l.End)
			if !may || alive != analysis.Unknown && alive <= one.Exited || !sure && s.shapes.Quick(l) {
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
func (s *observation) alive(l *record.LostRequest) int64 {
	if response := s.seen[l.Endpoint].LastResponse; s.named(l) && response > l.End+readTogether {
		return response
	}
	return analysis.Unknown
}

// surely reports whether the marks place an exit at the time of the loss.
func (s *observation) surely(l *record.LostRequest) bool {
	for _, sure := range s.exits(l) {
		if sure {
			return true
		}
	}
	return false
}

// need returns how long requests like those that were cut may take, in ns. It
// is a lower bound if no response of the run took longer.
func (s *observation) need(e *evidence) (needed int64, least bool) {
	return max(e.longest, s.responses.Max), e.longest >= s.responses.Max
}

// underWay is the evidence for need.
func (s *observation) underWay(e *evidence) string {
	if s.responses.Count == 0 {
		return fmt.Sprintf("the longest had been in flight for %s; no request of the run got a response", phrase.Duration(e.longest))
	}
	if _, least := s.need(e); least {
		return fmt.Sprintf("the longest had been in flight for %s, longer than any response of the run took (%s)", phrase.Duration(e.longest), phrase.Duration(s.responses.Max))
	}
	return fmt.Sprintf("the longest had been in flight for %s; the slowest response of the run took %s", phrase.Duration(e.longest), phrase.Duration(s.responses.Max))
}
