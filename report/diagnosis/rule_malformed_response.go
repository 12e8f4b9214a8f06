package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// malformedResponse: the response was not what HTTP allows.
type malformedResponse struct{}

func (malformedResponse) matches(_ *observation, l *record.LostRequest) bool {
	return analysis.BeyondConnect(l.Class) && l.Class.Cause() == record.CauseMalformed
}

func (malformedResponse) explain(s *observation, e *evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "answer was", "answers were") + " not what HTTP/1.1 allows",
		Confidence: Shown,
		Evidence:   append([]string{e.what(), e.when() + "; " + s.where(e)}, s.texts(e)...),
		Remedies:   malformedRemedies(e),
	}
}

func malformedRemedies(e *evidence) []Remedy {
	var list []Remedy
	for _, c := range e.classes {
		if c.Class.Stage() == record.StageHead {
			list = append(list, Remedy{"any", "check the URL's scheme and port: what was read there is not the head of an HTTP/1.1 response"})
		} else {
			list = append(list, Remedy{"any", "see the texts: a client that hides this shows its users half an answer"})
		}
	}
	return list
}
