package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// graceTooShort: the process was killed at the end of its grace period with the
// request in flight.
type graceTooShort struct{}

func (graceTooShort) matches(s *observed.Observation, l *record.LostRequest) bool {
	return analysis.IsCut(l.Class) && s.SomeKilled && len(s.Killers(l)) > 0
}

func (graceTooShort) explain(s *observed.Observation, e *observed.Evidence) Finding {
	met := observed.MetBy(e.Lost, s.Killers)
	f := Finding{
		Title:      phrase.Counted(int64(len(e.Lost)), "request in flight was cut when its process was killed at the end of its grace period", "requests in flight were cut when their process was killed at the end of its grace period"),
		Confidence: Shown,
		Measured:   e.Longest,
		Evidence: []string{
			e.What(),
			e.When() + "; " + s.Where(e),
			fmt.Sprintf("killed: %s, %s", observed.EndpointNames(met), observed.HadLived(met)),
			s.UnderWay(e),
		},
		Remedies: inWords(remedy.EndByItself()),
	}
	if openAtTermination(s, e) {
		needed, least := s.Need(e)
		for _, one := range met {
			if one.Terminating != analysis.Unknown {
				needed = max(needed, one.Killed-one.Terminating) // this time was too short
			}
		}
		f.Settings = toFinishRequests(needed, least)
		f.Needed, f.Remedies = needed, finishRequests(needed, least)
	} else {
		f.Evidence = append(f.Evidence, "all of them were sent after its termination had begun: the process "+tookMore(s, e)+", so a longer grace period would only cut later requests instead")
	}
	if slices.ContainsFunc(met, func(one *analysis.Lifecycle) bool { _, open := s.Listened[one]; return open }) {
		f.Evidence = append(f.Evidence, "the listener was open until the kill: cannot tell whether the process had begun to stop; if it did not heed the stop signal, a longer grace period only delays the kill")
		f.addRemedy(heedSignal()[0])
	}
	sureOf(s, e, &f)
	if others := observed.MetBy(e.Lost, func(l *record.LostRequest) []*analysis.Lifecycle { return alsoEnded(s, l) }); len(others) > 0 {
		f.Confidence = CannotTell
		f.Evidence = append(f.Evidence, fmt.Sprintf("cannot tell whether the kill was the cause: %s exited without being killed, and that may be reported late as well", observed.EndpointNames(others)))
	}
	orCrashed(s, e, &f)
	f.Evidence = append(f.Evidence, observed.ShutdownsOf(met)...)
	return f
}

// openAtTermination reports whether a request that a kill cut may have been in
// flight when the termination began.
func openAtTermination(s *observed.Observation, e *observed.Evidence) bool {
	return slices.ContainsFunc(e.Lost, func(l *record.LostRequest) bool {
		return slices.ContainsFunc(s.Killers(l), func(one *analysis.Lifecycle) bool {
			return l.Start < one.Terminating+analysis.Near || one.Terminating == analysis.Unknown
		})
	})
}

// alsoEnded returns the lifecycles that ended without a kill and may have cut
// the request instead.
func alsoEnded(s *observed.Observation, l *record.LostRequest) []*analysis.Lifecycle {
	_, others := s.Killings(l)
	return others
}

// tookMore says how requests reached an endpoint after its stop signal.
func tookMore(s *observed.Observation, e *observed.Evidence) string {
	for _, l := range e.Lost {
		accepting := func(one *analysis.Lifecycle) bool {
			return one.ListenerClosed == analysis.Unknown || one.ListenerClosed > l.Start
		}
		if !l.Reused && slices.ContainsFunc(s.Killers(l), accepting) {
			return "kept accepting connections"
		}
	}
	return "kept accepting requests on open connections"
}
