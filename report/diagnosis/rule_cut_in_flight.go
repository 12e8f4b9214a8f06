package diagnosis

import (
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// cutInFlight: the connection was cut, and no mark shows why.
type cutInFlight struct{}

func (cutInFlight) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return analysis.IsCut(l.Class)
}

func (cutInFlight) explain(s *observed.Observation, e *observed.Evidence) Finding {
	needed, least := s.Need(e)
	exit := "an exit"
	if !slices.ContainsFunc(e.Lost, func(l *record.LostRequest) bool { return !s.Named(l) }) {
		exit = phrase.Choose(int64(len(e.Endpoints)), "its exit", "their exits")
	}
	f := Finding{
		Title:      phrase.Counted(int64(len(e.Lost)), "request in flight was cut", "requests in flight were cut"),
		Confidence: CannotTell,
		Measured:   e.Longest,
		Needed:     needed,
		Evidence: []string{
			e.What(),
			e.When() + "; " + s.Where(e),
			s.UnderWay(e),
			"cannot tell whether a process exited or something in between cut the connections: no mark shows " + exit + " at that time",
		},
		Remedies: uncut(s, e),
	}
	if s.Shapes.Eventful() {
		f.Settings = toFinishRequests(needed, least)
	}
	return f
}

// uncut returns what to do about connections that something cut. Only where
// something was done to the target can a shutdown be the cause.
func uncut(s *observed.Observation, e *observed.Evidence) []Remedy {
	needed, least := s.Need(e)
	switch {
	case s.Shapes.Eventful():
		return finishRequests(needed, least)
	case s.Shapes.Times(e.Lost).Spread:
		return notAShutdown("cuts connections: a process that is restarted or runs out of memory, a timeout of a load balancer or a proxy")
	}
	finish := finishRequests(needed, least)[0]
	return []Remedy{
		{"any", "if replicas were being stopped then: " + finish.Setting},
		{"any", "otherwise find out what cut connections at that time: a process that crashed or was killed, a load balancer, a firewall"},
	}
}

// notAShutdown is the remedy for losses all over a run in which nothing was
// done to the target.
func notAShutdown(cause string) []Remedy {
	return []Remedy{{"any", "find out what " + cause + "; the losses were spread over the whole run, and nothing was done to the target, so no shutdown setting helps"}}
}
