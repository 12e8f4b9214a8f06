package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// preStopMissing: like balancerRemovedLate, and no endpoint had a pre-stop hook
// to keep it accepting.
type preStopMissing struct{}

func (preStopMissing) matches(s *observation, l *record.LostRequest) bool {
	return balancerRemovedLate{}.matches(s, l) && !s.slowRemovals[l].hooks
}

func (preStopMissing) explain(s *observation, e *evidence) Finding {
	h := s.propagationOf(e)
	return propagationFinding(&h, s, e, fmt.Sprintf("%s without a pre-stop hook got the stop signal at once: %s%s",
		phrase.Counted(int64(len(h.met)), "endpoint", "endpoints"), h.how(), h.until()))
}
