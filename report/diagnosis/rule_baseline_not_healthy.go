package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// baselineNotHealthy: the request was lost before anything was done to the
// target.
type baselineNotHealthy struct{}

func (baselineNotHealthy) matches(s *observation, l *record.LostRequest) bool {
	return l.End < s.before
}

func (baselineNotHealthy) explain(s *observation, e *evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "request was", "requests were") + " lost before anything was done to the target",
		Confidence: Shown,
		Evidence:   []string{e.what(), fmt.Sprintf("%s; the first mark is at %s; %s", e.when(), phrase.Moment(s.loss.Baseline.Until), s.where(e))},
		Remedies:   []Remedy{{"any", "fix what fails without the event first: its losses cannot be told apart from those of the event"}},
	}
}
