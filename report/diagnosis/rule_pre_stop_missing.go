package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// matchesPreStopMissing: the same, and nothing kept any of the endpoints accepting.
func matchesPreStopMissing(s *observation, l *record.LostRequest) bool {
	return matchesSlowRemoval(s, l) && !s.slowRemovals[l].hooks
}

func explainPreStopMissing(s *observation, e *evidence) Finding {
	h := s.propagationOf(e)
	return h.finding(s, e, fmt.Sprintf("%s got the stop signal at once, for want of a pre-stop hook: %s%s",
		phrase.Counted(int64(len(h.met)), "endpoint", "endpoints"), h.how(), h.until()))
}
