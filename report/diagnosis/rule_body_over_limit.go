package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// bodyOverLimit: nodrop cut the response, as --max-body asks.
type bodyOverLimit struct{}

// matches needs only the class: with --max-body, no other loss has it.
func (bodyOverLimit) matches(s *observed.Observation, l *record.LostRequest) bool {
	return s.Run.Settings.MaxBody > 0 && l.Class.Stage() == record.StageBody && l.Class.Cause() == record.CauseOther
}

func (bodyOverLimit) explain(s *observed.Observation, e *observed.Evidence) Finding {
	n := int64(len(e.Lost))
	return Finding{
		Title:      fmt.Sprintf("nodrop cut %s longer than --max-body allows (%d bytes)", phrase.Counted(n, "response", "responses"), s.Run.Settings.MaxBody),
		Confidence: Shown,
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e)},
		Remedies:   []Remedy{{"any", "if bodies of that length are expected, raise --max-body or leave it out"}},
	}
}
