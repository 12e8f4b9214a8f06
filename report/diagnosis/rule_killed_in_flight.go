package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/analysis/shape"
	"nodrop/report/phrase"
)

// killedInFlight: the process exited with the request in flight.
type killedInFlight struct{}

func (killedInFlight) matches(s *observation, l *record.LostRequest) bool {
	if !analysis.IsCut(l.Class) {
		return false
	}
	for range s.exits(l) {
		return true
	}
	return false
}

func (killedInFlight) explain(s *observation, e *evidence) Finding {
	needed, least := s.need(e)
	f := Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "request in flight was cut when its process exited", "requests in flight were cut when their process exited"),
		Confidence: Shown,
		Measured:   e.longest,
		Needed:     needed,
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e), s.underWay(e)},
		Remedies:   finishRequests(needed, least),
		Settings:   toFinishRequests(needed, least),
	}
	sureOf(s, e, &f)
	if given, known := graceGiven(s, e); known {
		f.Evidence = append(f.Evidence, "from the stop signal to the exit the process had "+phrase.Duration(given))
		if given > analysis.Near {
			f.Remedies = append(f.Remedies, serverTimeouts(needed)...)
		}
	}
	n, idle := shape.Unheard(e.lost), s.shapes.AgesOf(e.lost).Quick
	if n > 0 {
		f.Evidence = append(f.Evidence, fmt.Sprintf("%d of them, reset on new connections, may have been waiting in the accept queue instead: cannot tell; accepting until the load balancer has removed the endpoint prevents both", n))
	}
	if idle > 0 {
		f.Evidence = append(f.Evidence, fmt.Sprintf("%d of them, which failed about one round trip after they were sent, may have gone out on kept-alive connections that the process was closing: cannot tell; sending Connection: close while draining prevents that", idle))
	}
	if n+idle == len(e.lost) && f.Confidence == Shown {
		f.Confidence = Likely
	}
	orCrashed(s, e, &f)
	return f
}

// graceGiven returns the shortest time between a process's stop signal and its
// exit, in ns.
func graceGiven(s *observation, e *evidence) (given int64, known bool) {
	for _, l := range e.lost {
		for one := range s.exits(l) {
			if one.Signalled == analysis.Unknown {
				continue
			}
			if d := one.Exited - one.Signalled; !known || d < given {
				given, known = d, true
			}
		}
	}
	return given, known
}

// sureOf grades a finding about processes that exited. It is shown only if the
// marks name the endpoint of each loss and place its exit at that time.
func sureOf(s *observation, e *evidence, f *Finding) {
	shared, late := false, false
	for _, l := range e.lost {
		shared = shared || !s.named(l)
		late = late || !s.surely(l)
	}
	if shared || late {
		f.Confidence = Likely
	}
	if shared {
		f.Evidence = append(f.Evidence, "the endpoints share one address, so it is not known which of them cut a request")
	}
	if late {
		f.Evidence = append(f.Evidence, fmt.Sprintf("the control plane may report an exit up to %s late: requests cut within that time before an exit mark are attributed to that exit", phrase.Duration(analysis.ExitLag)))
	}
}
