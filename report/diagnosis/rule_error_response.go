package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/errorpage"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// errorResponded: a server or gateway sent a response with an unexpected
// status.
type errorResponded struct{}

func (errorResponded) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return l.Class.Stage() == record.StageStatus
}

func (errorResponded) explain(s *observed.Observation, e *observed.Evidence) Finding {
	f := Finding{
		Title: fmt.Sprintf("%s had status %s, over %s",
			phrase.Counted(int64(len(e.Lost)), "response", "responses"), statuses(e), phrase.Duration(e.Span())),
		Confidence: CannotTell,
		Measured:   e.Span(),
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e)},
	}
	like := responsesLike(s, e)
	f.Evidence = append(f.Evidence, errorpage.Quotes(like, observed.MaxTexts, int64(len(e.Lost)))...)
	known, left := 0, s.Errors.WithEvent(e.Lost)
	for _, a := range like {
		if m := errorpage.Of(a); m != nil {
			known++
			f.addRemedy(Remedy{"any", m.Advice(left)})
		}
	}
	if known > 0 && known == len(like) {
		f.Confidence = Likely
	}
	for i := range s.Crashes {
		if c := &s.Crashes[i]; c.During(e.First, e.Last) {
			f.Evidence = append(f.Evidence, observed.Story(c))
			f.addRemedy(mendCrash())
		}
	}
	if known == 0 {
		f.addRemedy(Remedy{"any", "check the log of whatever sent these responses: the gateway, or the server behind it"})
	}
	return f
}
