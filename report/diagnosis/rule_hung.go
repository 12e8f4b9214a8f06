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
	return Finding{
		Title:      fmt.Sprintf("%s got no whole answer within %s (-t)", phrase.Counted(int64(len(e.lost)), "request", "requests"), phrase.Duration(int64(s.run.Settings.Timeout))),
		Confidence: CannotTell,
		Measured:   e.span(),
		Evidence:   []string{e.what(), fmt.Sprintf("they began %s; %s", e.when(), s.where(e)), "a server that hangs and packets that no longer arrive look the same from here"},
		Remedies: []Remedy{
			{"any", "if replicas were leaving: an address that goes with connections open to it neither answers nor refuses; drain them first"},
			{"any", "if the service is just slow: a longer -t"},
		},
	}
}
