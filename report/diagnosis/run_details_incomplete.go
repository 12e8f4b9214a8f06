package diagnosis

import (
	"fmt"

	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// detailsIncomplete: some losses are only counted, without details.
type detailsIncomplete struct{}

func (detailsIncomplete) explain(s *observed.Observation, _ []Finding) (Finding, bool) {
	n := s.Run.LostUnlisted
	return Finding{
		Title:      fmt.Sprintf("%s without details: the findings cover only the first %s", phrase.Counted(n, "lost request was counted", "lost requests were counted"), phrase.Number(int64(len(s.Run.Lost)))),
		Confidence: Shown,
	}, n > 0
}
