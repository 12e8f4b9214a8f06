package diagnosis

import (
	"nodrop/report/phrase"
)

func explainUnexplained(s *observation, e *evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "request", "requests") + " failed for reasons that no rule knows",
		Confidence: CannotTell,
		Evidence:   append([]string{e.what(), e.when() + "; " + s.where(e)}, s.texts(e)...),
	}
}
