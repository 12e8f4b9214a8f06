package diagnosis

import (
	"fmt"

	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// clientExhausted: requests failed on this machine.
type clientExhausted struct{}

func (clientExhausted) explain(s *observed.Observation, _ []Finding) (Finding, bool) {
	n := s.Run.Counts.Spoiled
	f := Finding{
		Title:      phrase.Counted(n, "request", "requests") + " failed on this machine, which says nothing about the target",
		Confidence: Shown,
	}
	for _, c := range s.Loss.Classes {
		if c.Spoiled {
			f.Evidence = append(f.Evidence, fmt.Sprintf("%s × %s: %s", phrase.Number(c.Total()), c.Class, c.Sample))
			f.Remedies = append(f.Remedies, Remedy{"this machine", c.Class.Info().Remedy})
		}
	}
	return f, n > 0
}
