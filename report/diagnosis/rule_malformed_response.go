package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// malformedResponse: the response was not what HTTP allows.
type malformedResponse struct{}

func (malformedResponse) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return analysis.BeyondConnect(l.Class) && l.Class.Cause() == record.CauseMalformed
}

func (malformedResponse) explain(s *observed.Observation, e *observed.Evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.Lost)), "response was", "responses were") + " not valid HTTP/1.1",
		Confidence: Shown,
		Evidence:   append([]string{e.What(), e.When() + "; " + s.Where(e)}, s.Texts(e)...),
		Remedies:   malformedRemedies(e),
	}
}

func malformedRemedies(e *observed.Evidence) []Remedy {
	var list []Remedy
	for _, c := range e.Classes {
		if c.Class.Stage() == record.StageHead {
			list = append(list, Remedy{"any", "check the URL's scheme and port: what came back does not begin like an HTTP/1.1 response"})
		} else {
			list = append(list, Remedy{"any", "see the error texts: a client that ignores these errors shows its users half a response"})
		}
	}
	return list
}
