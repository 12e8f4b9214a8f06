package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/errorpage"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// respondedAtExit: a gateway whose shutdown timeout was over responded with
// errors to everything that it still waited for, and exited.
type respondedAtExit struct{}

func (respondedAtExit) matches(s *observed.Observation, l *record.LostRequest) bool {
	return s.Errors.AtExit(l)
}

func (respondedAtExit) explain(s *observed.Observation, e *observed.Evidence) Finding {
	needed, least := s.Need(e)
	groups := s.Errors.Groups(e.Lost)
	given, signalled := groups[0].First-groups[0].Mark, true
	f := Finding{
		Confidence: Likely,
		Needed:     needed,
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e), s.UnderWay(e)},
	}
	for i, g := range groups {
		given, signalled = min(given, g.First-g.Mark), signalled && g.Signal
		if i < observed.MaxTexts {
			f.Evidence = append(f.Evidence, errorpage.Departure(g, s.Called(g.Endpoint)))
		}
	}
	f.Measured = given
	since := "termination began"
	if signalled {
		since = "the stop signal"
	}
	f.Title = fmt.Sprintf("%s given up with status %s together %s after %s, when the process exited: the server's own shutdown timeout was over",
		phrase.Counted(int64(len(e.Lost)), "request in flight was", "requests in flight were"), statuses(e), phrase.Duration(given), since)
	f.Evidence = append(f.Evidence, errorpage.Quotes(responsesLike(s, e), observed.MaxTexts, int64(len(e.Lost)))...)
	f.Remedies, f.Settings = ownShutdownTimeout(needed, least)
	return f
}
