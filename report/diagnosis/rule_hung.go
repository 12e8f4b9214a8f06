package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// requestHung: the response was not complete in time.
type requestHung struct{}

func (requestHung) matches(_ *observation, l *record.LostRequest) bool {
	return analysis.BeyondConnect(l.Class) && l.Class.Cause() == record.CauseTimeout
}

func (requestHung) explain(s *observation, e *evidence) Finding {
	f := Finding{
		Title:      fmt.Sprintf("%s got no complete response within %s (-t)", phrase.Counted(int64(len(e.lost)), "request", "requests"), phrase.Duration(int64(s.run.Settings.Timeout))),
		Confidence: CannotTell,
		Measured:   e.span(),
		Evidence:   []string{e.what(), e.started() + "; " + s.where(e), "from here, a hung server and lost packets look the same"},
		Remedies: []Remedy{
			{"any", "if replicas were terminating: drain their connections before their address disappears; afterwards it neither responds nor refuses"},
			{"any", "if the service is just slow: raise -t"},
		},
	}
	if s.shapes.Times(e.lost).Spread { // nothing was terminating
		f.Remedies = f.Remedies[1:]
	}
	return f
}
