package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// unexplained: what no other rule takes.
type unexplained struct{}

func (unexplained) matches(*observation, *record.LostRequest) bool { return true }

func (unexplained) explain(s *observation, e *evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "request", "requests") + " failed for reasons that nodrop does not know",
		Confidence: CannotTell,
		Evidence:   append([]string{e.what(), e.when() + "; " + s.where(e)}, s.texts(e)...),
	}
}
