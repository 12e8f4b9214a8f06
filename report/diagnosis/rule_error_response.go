package diagnosis

import (
	"fmt"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// errorResponded: a server or gateway sent a response with an unexpected
// status.
type errorResponded struct{}

func (errorResponded) matches(_ *observation, l *record.LostRequest) bool {
	return l.Class.Stage() == record.StageStatus
}

func (errorResponded) explain(s *observation, e *evidence) Finding {
	var statuses []string
	for _, c := range e.classes {
		statuses = append(statuses, strings.TrimPrefix(c.Class.String(), "status."))
	}
	f := Finding{
		Title: fmt.Sprintf("%s had status %s, over %s",
			phrase.Counted(int64(len(e.lost)), "response", "responses"), strings.Join(statuses, ", "), phrase.Duration(e.span())),
		Confidence: CannotTell,
		Measured:   e.span(),
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e)},
	}
	known := 0
	for i := range s.run.Responses {
		a := &s.run.Responses[i]
		m := meaningOf(a)
		if i < maxTexts {
			f.Evidence = append(f.Evidence, quoteResponse(a, m))
		}
		if m == nil {
			continue
		}
		known++
		f.addRemedy(Remedy{"any", m.remedy})
	}
	if extra := len(s.run.Responses) - maxTexts; extra > 0 {
		f.Evidence = append(f.Evidence, phrase.Counted(int64(extra), "more kind of response", "more kinds of response"))
	}
	if known > 0 && known == len(s.run.Responses) {
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
