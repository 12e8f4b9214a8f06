package observed

import (
	"math"

	"nodrop/loadgen/record"
)

// Removed returns how the last step that had begun before a time takes endpoints
// away, as in record.Mark.Removes; "" if by a rollout, or if it is not known.
func (s *Observation) Removed(at int64) string {
	how, latest := "", int64(math.MinInt64)
	for i := range s.Run.Marks {
		m := &s.Run.Marks[i]
		if m.Kind == record.MarkStep && m.Start <= at && m.Start >= latest {
			how, latest = m.Removes, m.Start
		}
	}
	return how
}
