package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/diagnosis/streamed"
	"nodrop/report/phrase"
)

// goawayWithoutGrace: the server sent GOAWAY, which named this request as one that
// it would finish, and then its connection ended under it.
type goawayWithoutGrace struct{}

func (goawayWithoutGrace) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return l.Goaway > 0 && analysis.IsCut(l.Class)
}

func (goawayWithoutGrace) explain(s *observed.Observation, e *observed.Evidence) Finding {
	needed, least := s.Need(e)
	soonest, latest := streamed.Announced(e.Lost)
	f := Finding{
		Title: phrase.Counted(int64(len(e.Lost)), "request was cut", "requests were cut") + " " + phrase.Durations(soonest, latest) +
			" after GOAWAY: the connection ended before they were done",
		Confidence: Shown,
		Measured:   latest,
		Needed:     needed,
		Evidence: []string{
			e.What(), e.When() + "; " + s.Where(e), s.UnderWay(e),
			"GOAWAY had not turned them away: the server had said that it may still finish them",
		},
	}
	if n := streamed.Exits(s, e.Lost); n > 0 {
		f.Evidence = append(f.Evidence, "marks show that a process exited when "+phrase.Number(n)+" of them "+phrase.Choose(n, "was", "were")+" cut")
	}
	f.advise(remedy.WaitAfterGoaway(needed, least)...)
	return f
}
