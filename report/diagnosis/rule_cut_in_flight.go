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
	return Finding{
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
		Remedies: finishRequests(needed, least),
		Settings: toFinishRequests(needed, least),
	}
}
