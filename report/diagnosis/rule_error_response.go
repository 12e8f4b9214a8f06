package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/errorpage"
	"nodrop/report/phrase"
)

// errorResponded: a server or gateway sent a response with an unexpected
// status.
type errorResponded struct{}

func (errorResponded) matches(_ *observation, l *record.LostRequest) bool {
	return l.Class.Stage() == record.StageStatus
}

func (errorResponded) explain(s *observation, e *evidence) Finding {
	f := Finding{
		Title: fmt.Sprintf("%s had status %s, over %s",
			phrase.Counted(int64(len(e.lost)), "response", "responses"), statuses(e), phrase.Duration(e.span())),
		Confidence: CannotTell,
		Measured:   e.span(),
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e)},
	}
	like := responsesLike(s, e)
	f.Evidence = append(f.Evidence, errorpage.Quotes(like, maxTexts, int64(len(e.lost)))...)
	known, left := 0, s.errors.WithEvent(e.lost)
	for _, a := range like {
		if m := errorpage.Of(a); m != nil {
			known++
			f.addRemedy(Remedy{"any", m.Advice(left)})
		}
	}
	if known > 0 && known == len(like) {
		f.Confidence = Likely
	}
	for i := range s.crashes {
		if c := &s.crashes[i]; c.During(e.first, e.last) {
			f.Evidence = append(f.Evidence, story(c))
			f.addRemedy(mendCrash())
		}
	}
	if known == 0 {
		f.addRemedy(Remedy{"any", "check the log of whatever sent these responses: the gateway, or the server behind it"})
	}
	return f
}
