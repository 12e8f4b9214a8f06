package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// preStopMissing: like balancerRemovedLate, and no endpoint had a pre-stop hook
// to keep it accepting.
type preStopMissing struct{}

func (preStopMissing) matches(s *observed.Observation, l *record.LostRequest) bool {
	return balancerRemovedLate{}.matches(s, l) && !s.SlowRemovals[l].Hooks
}

func (preStopMissing) explain(s *observed.Observation, e *observed.Evidence) Finding {
	h := s.PropagationOf(e)
	return propagationFinding(&h, s, e, fmt.Sprintf("%s without a pre-stop hook got the stop signal at once: %s%s",
		phrase.Counted(int64(len(h.Met)), "endpoint", "endpoints"), h.How(), h.Until()))
}
