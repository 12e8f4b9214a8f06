package report

import (
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// Unseen says that a run may have lost more than it counts: bodies were shorter
// during its event, and nothing proves that they were whole. Both texts are ""
// if there is no sign of that. It puts a pass in doubt, but no failure.
func Unseen(r *analysis.Figures) (doubt, hint string) {
	s := r.Loss.Shorter
	judged := len(r.Run.Expect)+len(r.Run.Require)+len(r.Run.FailIf) > 0
	if !s.Notable() || !judged && !r.Loss.Event.Known {
		return "", ""
	}
	return phrase.Shorter(s) + ", and nothing in them shows whether they were whole", "use --expect-body to say what a body must be"
}
