package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/diagnosis/streamed"
	"nodrop/report/phrase"
)

// cutWithoutGoaway: an HTTP/2 connection ended under its requests, and nothing had
// announced that.
type cutWithoutGoaway struct{}

// matches leaves requests to keptAliveClosedWithoutNotice that may have gone out on
// an idle connection which the server was closing.
func (cutWithoutGoaway) matches(s *observed.Observation, l *record.LostRequest) bool {
	return streamed.Over(s) && analysis.IsCut(l.Class) && !s.Shapes.Quick(l)
}

func (cutWithoutGoaway) explain(s *observed.Observation, e *observed.Evidence) Finding {
	needed, least := s.Need(e)
	f := Finding{
		Title:      phrase.Counted(int64(len(e.Lost)), "request in flight was cut", "requests in flight were cut") + " without GOAWAY",
		Confidence: CannotTell,
		Measured:   e.Longest,
		Needed:     needed,
		Evidence: []string{
			e.What(), e.When() + "; " + s.Where(e), s.UnderWay(e),
			"a server that shuts down in order sends GOAWAY first, and none had come",
			"cannot tell whether a process exited, the server closes connections without GOAWAY or something in between cut them: no mark shows an exit at that time",
		},
	}
	if !s.Shapes.Eventful() {
		f.Remedies = uncut(s, e)
		return f
	}
	f.addRemedy(Remedy{remedy.Everywhere, "stop the server in the way that makes it send GOAWAY and finish its requests, and wait until it has"})
	f.advise(remedy.WaitAfterGoaway(needed, least)...)
	return f
}
