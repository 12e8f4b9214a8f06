package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/analysis/shape"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// killedInFlight: the process exited with the request in flight.
type killedInFlight struct{}

func (killedInFlight) matches(s *observed.Observation, l *record.LostRequest) bool {
	if !analysis.IsCut(l.Class) {
		return false
	}
	for range s.Exits(l) {
		return true
	}
	return false
}

func (killedInFlight) explain(s *observed.Observation, e *observed.Evidence) Finding {
	needed, least := s.Need(e)
	f := Finding{
		Title:      phrase.Counted(int64(len(e.Lost)), "request in flight was cut when its process exited", "requests in flight were cut when their process exited"),
		Confidence: Shown,
		Measured:   e.Longest,
		Needed:     needed,
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e), s.UnderWay(e)},
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
	n, idle := shape.Unheard(e.Lost), s.Shapes.AgesOf(e.Lost).Quick
	if n > 0 {
		f.Evidence = append(f.Evidence, fmt.Sprintf("%s of them, reset on new connections, may have been waiting in the accept queue instead: cannot tell; accepting until the load balancer has removed the endpoint prevents both", phrase.Number(int64(n))))
	}
	if idle > 0 {
		f.Evidence = append(f.Evidence, fmt.Sprintf("%s of them, which failed about one round trip after they were sent, may have gone out on kept-alive connections that the process was closing: cannot tell; sending Connection: close while draining prevents that", phrase.Number(int64(idle))))
	}
	if n+idle == len(e.Lost) && f.Confidence == Shown {
		f.Confidence = Likely
	}
	orCrashed(s, e, &f)
	return f
}

// graceGiven returns the shortest time between a process's stop signal and its
// exit, in ns.
func graceGiven(s *observed.Observation, e *observed.Evidence) (given int64, known bool) {
	for _, l := range e.Lost {
		for one := range s.Exits(l) {
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
func sureOf(s *observed.Observation, e *observed.Evidence, f *Finding) {
	shared, unsure := false, 0
	for _, l := range e.Lost {
		shared = shared || !s.Named(l)
		if !s.Surely(l) {
			unsure++
		}
	}
	held, most := s.HeldUpAtExit(e.Lost)
	// An exit that the marks place at the time of most of them cut the others, too:
	// it closes everything that its process has open.
	if shared || unsure > held || 2*held > len(e.Lost) {
		f.Confidence = Likely
	}
	if shared {
		f.Evidence = append(f.Evidence, "the endpoints share one address, so it is not known which of them cut a request")
	}
	if unsure > held {
		f.Evidence = append(f.Evidence, fmt.Sprintf("the control plane may report an exit up to %s late: requests cut within that time before an exit mark are attributed to that exit", phrase.Duration(analysis.ExitLag)))
	}
	if held > 0 {
		ok := &s.Run.Latency.OK
		f.Evidence = append(f.Evidence, fmt.Sprintf("%s of them, in flight at the exit, ended up to %s after it: this machine was busy, and responses were late as well (half took %s at most, the slowest %s)",
			phrase.Number(int64(held)), phrase.Duration(most), phrase.Duration(ok.Percentile(50)), phrase.Duration(ok.Max)))
	}
}
