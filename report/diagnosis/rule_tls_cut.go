package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// tlsCut: the TLS handshake was cut off or timed out.
type tlsCut struct{}

func (tlsCut) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return analysis.IsTLSCut(l.Class)
}

func (tlsCut) explain(s *observed.Observation, e *observed.Evidence) Finding {
	f := Finding{
		Title:      phrase.Counted(int64(len(e.Lost)), "TLS handshake was", "TLS handshakes were") + " cut",
		Confidence: CannotTell,
		Measured:   e.Span(),
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e)},
		Remedies:   []Remedy{{"any", "keep accepting until the load balancer has removed the endpoint: a layer-4 load balancer still sends connections to a process that is shutting down"}},
	}
	met := observed.MetBy(e.Lost, func(l *record.LostRequest) []*analysis.Lifecycle {
		own := s.LifecycleOf(l)
		if !observed.Overlaps(own) || !analysis.Within(l.End, own.Stopped(), own.Removed) {
			return nil
		}
		return []*analysis.Lifecycle{own}
	})
	switch {
	case s.Shapes.Eventful():
	case s.Shapes.Times(e.Lost).Spread:
		f.Remedies = notAShutdown("cuts handshakes: a process that restarts, a limit on connections")
	default:
		f.Remedies[0].Setting = "if replicas were being stopped then: " + f.Remedies[0].Setting
	}
	if len(met) == 0 {
		f.Evidence = append(f.Evidence, "cannot tell why: "+s.Missing(e))
		return f
	}
	o := observed.OverlapOf(met)
	f.Settings = toAcceptLonger(o.Needed)
	f.Confidence, f.Needed, f.Remedies = Shown, o.Needed, acceptLonger(o.Needed)
	f.Evidence = append(f.Evidence, fmt.Sprintf("the endpoints stopped accepting %s after termination began; the load balancer removed them %s after it began", phrase.Duration(o.Accepted), phrase.Duration(o.Needed)))
	return f
}
