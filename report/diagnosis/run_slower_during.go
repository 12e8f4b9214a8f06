package diagnosis

import (
	"fmt"

	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// slowerDuring: responses took longer during the event than before it.
type slowerDuring struct{}

func (slowerDuring) explain(s *observed.Observation, _ []Finding) (Finding, bool) {
	slower := s.Loss.Slower
	before, during := slower.Baseline, slower.Event
	return Finding{
		Title:      fmt.Sprintf("slower, not lost: the p99 of responses rose from %s to %s during the event", phrase.Duration(before.P99), phrase.Duration(during.P99)),
		Confidence: Shown,
		Measured:   during.P99,
		Evidence: []string{
			fmt.Sprintf("both are upper bounds, up to twice too high; the slowest of %s took %s, the slowest of %s before %s",
				phrase.Counted(during.Count, "response", "responses"), phrase.Duration(during.Max), phrase.Number(before.Count), phrase.Duration(before.Max)),
		},
	}, slower.Notable()
}
