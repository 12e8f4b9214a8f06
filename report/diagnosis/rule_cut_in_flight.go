package diagnosis

import (
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// cutInFlight: the connection was cut, and no mark shows why.
type cutInFlight struct{}

func (cutInFlight) matches(_ *observation, l *record.LostRequest) bool {
	return analysis.IsCut(l.Class)
}

func (cutInFlight) explain(s *observation, e *evidence) Finding {
	needed, least := s.need(e)
	exit := "an exit"
	if !slices.ContainsFunc(e.lost, func(l *record.LostRequest) bool { return !s.named(l) }) {
		exit = phrase.Choose(int64(len(e.endpoints)), "its exit", "their exits")
	}
	f := Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "request in flight was cut", "requests in flight were cut"),
		Confidence: CannotTell,
		Measured:   e.longest,
		Needed:     needed,
		Evidence: []string{
			e.what(),
			e.when() + "; " + s.where(e),
			s.underWay(e),
			"cannot tell whether a process exited or something in between cut the connections: no mark shows " + exit + " at that time",
		},
		Remedies: uncut(s, e),
	}
	if s.shapes.Eventful() {
		f.Settings = toFinishRequests(needed, least)
	}
	return f
}

// uncut returns what to do about connections that something cut. Only where
// something was done to the target can a shutdown be the cause.
func uncut(s *observation, e *evidence) []Remedy {
	needed, least := s.need(e)
	switch {
	case s.shapes.Eventful():
		return finishRequests(needed, least)
	case s.shapes.Times(e.lost).Spread:
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
