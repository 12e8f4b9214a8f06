package diagnosis

import (
	"fmt"

	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// recurring: losses came back at an even interval.
type recurring struct{}

func (recurring) explain(s *observed.Observation, _ []Finding) (Finding, bool) {
	r := s.Shapes.Rhythm()
	every := phrase.Duration(r.Period)
	return Finding{
		Title:      fmt.Sprintf("requests were lost again and again, every %s, %d times", every, r.Times),
		Confidence: Likely,
		Measured:   r.Period,
		Evidence:   []string{fmt.Sprintf("the intervals between the windows differ by %s from their mean (coefficient of variation)", phrase.Percentage(r.Uneven))},
		Remedies: []Remedy{
			{"any", "find out what runs every " + every + " at the target or on the way to it: a scheduled job, a reload of configuration or certificates, a health check, a garbage collection, an idle timeout, a connection's maximum age"},
		},
	}, r.Period > 0
}
