package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// listenerClosedBeforeRemoval: the marks show that the endpoint stopped
// accepting before the balancer removed it.
type listenerClosedBeforeRemoval struct{}

func (listenerClosedBeforeRemoval) matches(s *observed.Observation, l *record.LostRequest) bool {
	return analysis.IsRefusal(l.Class) && len(s.Overlapping(l)) > 0
}

func (listenerClosedBeforeRemoval) explain(s *observed.Observation, e *observed.Evidence) Finding {
	named := true
	for _, l := range e.Lost {
		named = named && s.Named(l)
	}
	met := observed.MetBy(e.Lost, s.Overlapping)
	o := observed.OverlapOf(met)
	n := int64(len(met))
	them := phrase.Choose(n, "it", "them")
	f := Finding{
		Title: fmt.Sprintf("%s stopped accepting connections %s before the load balancer removed %s",
			phrase.Counted(n, "endpoint", "endpoints"), phrase.Duration(o.Longest), them),
		Confidence: Shown,
		Measured:   o.Longest,
		Needed:     o.Needed,
		Evidence: []string{
			e.What(),
			e.When() + "; " + s.Where(e),
			fmt.Sprintf("%s stopped accepting %s after termination began (%s); the load balancer removed %s %s after it began", phrase.Choose(n, "it", "they"), phrase.Duration(o.Accepted), o.How, them, phrase.Duration(o.Needed)),
			fmt.Sprintf("at this request rate, the times are accurate to %s", phrase.Duration(s.ProbeGap(len(met)))),
		},
		Remedies: acceptLonger(o.Needed),
		Settings: toAcceptLonger(o.Needed),
	}
	f.Evidence = append(f.Evidence, observed.ShutdownsOf(met)...)
	if !named {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, "the endpoints share one address: the times match, but it is not known which of them refused a connection")
	}
	orCrashed(s, e, &f)
	return f
}
