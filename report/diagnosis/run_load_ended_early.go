package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// loadEndedEarly: the load ended before the event did.
type loadEndedEarly struct{}

func (loadEndedEarly) explain(s *observed.Observation, _ []Finding) (Finding, bool) {
	e := s.Loss.Event
	latest := e.LoadOver + s.Run.Bins.Width
	f := Finding{
		Title:      "the load ended before the event did: no request tested what came after it",
		Confidence: Shown,
		Measured:   e.End - e.LoadOver,
		Evidence:   []string{fmt.Sprintf("the last request started between %s and %s; the event ended at %s", phrase.Moment(e.LoadOver), phrase.Moment(latest), phrase.Moment(e.End))},
	}
	f.advise(remedy.Advice{
		Where: remedy.Everywhere, Words: "use a longer load, or {}",
		Settings: []record.Remedy{{Object: "nodrop", Part: "command line", Setting: "--settle", Value: fmt.Sprintf("%ds", e.Settle()), Unit: "s"}},
	})
	if e.End < latest {
		f.Title, f.Confidence = "the load may have ended before the event did", CannotTell
	}
	return f, e.Known && !e.Inside() && !s.Run.Interrupted
}
