package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// cutAtSignal: the process cut what it had open as soon as it was signalled, and
// exited later. nginx, Apache and HAProxy do so on SIGTERM: workers cut at once,
// the process that started them exits when it has collected them.
type cutAtSignal struct{}

func (cutAtSignal) matches(s *observed.Observation, l *record.LostRequest) bool {
	if !analysis.IsCut(l.Class) || !s.Named(l) || s.Shapes.Quick(l) || s.ServedAfter(l) {
		return false
	}
	own := s.LifecycleOf(l)
	return own != nil && own.Signalled != analysis.Unknown && own.Exited > l.End &&
		l.Start <= own.Signalled && l.End >= own.Signalled && l.End-own.Signalled <= 2*analysis.Near
}

func (cutAtSignal) explain(s *observed.Observation, e *observed.Evidence) Finding {
	needed, least := s.Need(e)
	latest := int64(0)
	for _, l := range e.Lost {
		own := s.LifecycleOf(l)
		latest = max(latest, own.Exited-own.Signalled)
	}
	return Finding{
		Title:      phrase.Counted(int64(len(e.Lost)), "request in flight was cut as soon as its process got the stop signal", "requests in flight were cut as soon as their process got the stop signal"),
		Confidence: Likely,
		Measured:   e.Longest,
		Needed:     needed,
		Evidence: []string{
			e.What(), e.When() + "; " + s.Where(e), s.UnderWay(e),
			fmt.Sprintf("the process exited no more than %s after the signal, and its endpoint served nothing in between", phrase.Duration(latest)),
		},
		Remedies: finishRequests(needed, least),
		Settings: toFinishRequests(needed, least),
	}
}
