package observed

import (
	"math"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Killings returns the killed lifecycles that can have cut the request. It
// returns none if the marks are surer that another lifecycle's exit did, or
// place that exit nearer. If they are sure of neither, others holds those
// lifecycles.
func (s *Observation) Killings(l *record.LostRequest) (killed, others []*analysis.Lifecycle) {
	nearest, other := int64(math.MaxInt64), int64(math.MaxInt64) // distances of exits that the marks are sure of
	for one, sure := range s.Exits(l) {
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

// Killers returns only the killed lifecycles of killings.
func (s *Observation) Killers(l *record.LostRequest) []*analysis.Lifecycle {
	killed, _ := s.Killings(l)
	return killed
}
