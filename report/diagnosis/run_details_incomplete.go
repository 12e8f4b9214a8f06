package diagnosis

import (
	"fmt"

	"nodrop/report/phrase"
)

// detailsIncomplete: some losses are only counted, without details.
type detailsIncomplete struct{}

func (detailsIncomplete) explain(s *observation, _ []Finding) (Finding, bool) {
	n := s.run.LostUnlisted
	return Finding{
		Title:      fmt.Sprintf("%s without details: the findings cover only the first %d", phrase.Counted(n, "lost request was counted", "lost requests were counted"), len(s.run.Lost)),
		Confidence: Shown,
	}, n > 0
}
