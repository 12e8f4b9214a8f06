package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// listenerClosedBeforeRemoval: the marks show that the endpoint stopped
// accepting before the balancer removed it.
type listenerClosedBeforeRemoval struct{}

func (listenerClosedBeforeRemoval) matches(s *observation, l *record.LostRequest) bool {
	return analysis.IsRefusal(l.Class) && len(s.overlapping(l)) > 0
}

func (listenerClosedBeforeRemoval) explain(s *observation, e *evidence) Finding {
	named := true
	for _, l := range e.lost {
		named = named && s.named(l)
	}
	met := metBy(e.lost, s.overlapping)
	o := overlapOf(met)
	n := int64(len(met))
	them := phrase.Choose(n, "it", "them")
	f := Finding{
		Title: fmt.Sprintf("%s stopped accepting connections %s before the load balancer removed %s",
			phrase.Counted(n, "endpoint", "endpoints"), phrase.Duration(o.longest), them),
		Confidence: Shown,
		Measured:   o.longest,
		Needed:     o.needed,
		Evidence: []string{
			e.what(),
			e.when() + "; " + s.where(e),
			fmt.Sprintf("%s stopped accepting %s after termination began (%s); the load balancer removed %s %s after it began", phrase.Choose(n, "it", "they"), phrase.Duration(o.accepted), o.how, them, phrase.Duration(o.needed)),
			fmt.Sprintf("at this request rate, the times are accurate to %s", phrase.Duration(s.probeGap(len(met)))),
		},
		Remedies: acceptLonger(o.needed),
		Settings: toAcceptLonger(o.needed),
	}
	f.Evidence = append(f.Evidence, shutdownsOf(met)...)
	if !named {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, "the endpoints share one address: the times match, but it is not known which of them refused a connection")
	}
	orCrashed(s, e, &f)
	return f
}
