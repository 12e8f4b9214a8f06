package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// tlsCut: the TLS handshake was cut off or timed out.
type tlsCut struct{}

func (tlsCut) matches(_ *observation, l *record.LostRequest) bool { return analysis.IsTLSCut(l.Class) }

func (tlsCut) explain(s *observation, e *evidence) Finding {
	f := Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "TLS handshake was", "TLS handshakes were") + " cut",
		Confidence: CannotTell,
		Measured:   e.span(),
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e)},
		Remedies:   []Remedy{{"any", "keep accepting until the load balancer has removed the endpoint: a layer-4 load balancer still sends connections to a process that is shutting down"}},
	}
	met := metBy(e.lost, func(l *record.LostRequest) []*analysis.Lifecycle {
		own := s.lifecycleOf(l)
		if !overlaps(own) || !analysis.Within(l.End, own.Stopped(), own.Removed) {
			return nil
		}
		return []*analysis.Lifecycle{own}
	})
	switch {
	case s.shapes.Eventful():
	case s.shapes.Times(e.lost).Spread:
		f.Remedies = notAShutdown("cuts handshakes: a process that restarts, a limit on connections")
	default:
		f.Remedies[0].Setting = "if replicas were being stopped then: " + f.Remedies[0].Setting
	}
	if len(met) == 0 {
		f.Evidence = append(f.Evidence, "cannot tell why: "+s.missing(e))
		return f
	}
	o := overlapOf(met)
	f.Settings = toAcceptLonger(o.needed)
	f.Confidence, f.Needed, f.Remedies = Shown, o.needed, acceptLonger(o.needed)
	f.Evidence = append(f.Evidence, fmt.Sprintf("the endpoints stopped accepting %s after termination began; the load balancer removed them %s after it began", phrase.Duration(o.accepted), phrase.Duration(o.needed)))
	return f
}
