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
	endpoints := phrase.Counted(int64(len(met)), "endpoint", "endpoints")
	f := Finding{
		Title: fmt.Sprintf("%s kept getting connections for %s after %s had stopped accepting",
			endpoints, phrase.Duration(o.longest), phrase.Choose(int64(len(met)), "it", "they")),
		Confidence: Shown,
		Measured:   o.longest,
		Needed:     o.needed,
		Evidence: []string{
			e.what(),
			fmt.Sprintf("they stopped accepting %s after termination began (%s), and were out of the balancer %s after it began", phrase.Duration(o.accepted), o.how, phrase.Duration(o.needed)),
			fmt.Sprintf("refusals were met %s; at this rate their edges are known to %s", e.when(), phrase.Duration(s.probeGap(len(met)))),
		},
		Remedies: acceptLonger(o.needed),
		Settings: toAcceptLonger(o.needed),
	}
	f.Evidence = append(f.Evidence, shutdownsOf(met)...)
	if !named {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, "the endpoints share an address: which of them refused a connection is not known, only that it was then")
	}
	s.orCrashed(e, &f)
	return f
}
