package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// bodyOverLimit: nodrop cut the response, as --max-body asks.
type bodyOverLimit struct{}

// matches needs only the class: with --max-body, no other loss has it.
func (bodyOverLimit) matches(s *observation, l *record.LostRequest) bool {
	return s.run.Settings.MaxBody > 0 && l.Class.Stage() == record.StageBody && l.Class.Cause() == record.CauseOther
}

func (bodyOverLimit) explain(s *observation, e *evidence) Finding {
	n := int64(len(e.lost))
	return Finding{
		Title:      fmt.Sprintf("nodrop cut %s longer than --max-body allows (%d bytes)", phrase.Counted(n, "response", "responses"), s.run.Settings.MaxBody),
		Confidence: Shown,
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e)},
		Remedies:   []Remedy{{"any", "if bodies of that length are expected, raise --max-body or leave it out"}},
	}
}
