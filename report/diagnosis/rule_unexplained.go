package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// unexplained: what no other rule takes.
type unexplained struct{}

func (unexplained) matches(*observed.Observation, *record.LostRequest) bool { return true }

func (unexplained) explain(s *observed.Observation, e *observed.Evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.Lost)), "request", "requests") + " failed for reasons that nodrop does not know",
		Confidence: CannotTell,
		Evidence:   append([]string{e.What(), e.When() + "; " + s.Where(e)}, s.Texts(e)...),
	}
}
