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
		Title:      phrase.Counted(int64(len(e.Lost)), "response was", "responses were") + " not valid HTTP",
		Confidence: Shown,
		Evidence:   append([]string{e.What(), e.When() + "; " + s.Where(e)}, s.Texts(e)...),
		Remedies:   malformedRemedies(e),
	}
}

func malformedRemedies(e *observed.Evidence) []Remedy {
	var list []Remedy
	for _, c := range e.Classes {
		switch c.Class.Stage() {
		case record.StageSend, record.StageWait: // of a whole connection, which only HTTP/2 knows
			list = append(list, Remedy{"any", "check the URL's scheme and port, and that the server speaks HTTP/2: what came back breaks its rules"})
		case record.StageHead:
			list = append(list, Remedy{"any", "check the URL's scheme and port: what came back does not begin like an HTTP response"})
		default:
			list = append(list, Remedy{"any", "see the error texts: a client that ignores these errors shows its users half a response"})
		}
	}
	return list
}
