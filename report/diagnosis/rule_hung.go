package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// requestHung: the response was not complete in time.
type requestHung struct{}

func (requestHung) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return analysis.BeyondConnect(l.Class) && l.Class.Cause() == record.CauseTimeout
}

func (requestHung) explain(s *observed.Observation, e *observed.Evidence) Finding {
	f := Finding{
		Title:      fmt.Sprintf("%s got no complete response within %s (-t)", phrase.Counted(int64(len(e.Lost)), "request", "requests"), phrase.Duration(int64(s.Run.Settings.Timeout))),
		Confidence: CannotTell,
		Measured:   e.Span(),
		Evidence:   []string{e.What(), e.Started() + "; " + s.Where(e), "from here, a hung server and lost packets look the same"},
		Remedies: []Remedy{
			{"any", "if replicas were terminating: drain their connections before their address disappears; afterwards it neither responds nor refuses"},
			{"any", "if the service is just slow: raise -t"},
		},
	}
	if s.Shapes.Times(e.Lost).Spread { // nothing was terminating
		f.Remedies = f.Remedies[1:]
	}
	return f
}
