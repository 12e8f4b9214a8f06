package diagnosis

import (
	"math"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

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
