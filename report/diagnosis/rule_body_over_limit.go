package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// matchesOverLimit matches the responses that --max-body cut: with it, no other loss
// is of that class.
func matchesOverLimit(s *observation, l *record.LostRequest) bool {
	return s.run.Settings.MaxBody > 0 && l.Class.Stage() == record.StageBody && l.Class.Cause() == record.CauseOther
}

func explainOverLimit(s *observation, e *evidence) Finding {
	n := int64(len(e.lost))
	return Finding{
		Title:      fmt.Sprintf("nodrop cut %s longer than --max-body allows (%d bytes)", phrase.Counted(n, "response", "responses"), s.run.Settings.MaxBody),
		Confidence: Shown,
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e)},
		Remedies:   []Remedy{{"any", "leave --max-body out, or raise it, if bodies of that length are right"}},
	}
}
