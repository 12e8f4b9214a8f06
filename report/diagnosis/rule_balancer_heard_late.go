package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// balancerRemovedLate: the control plane had removed the endpoint, but the
// balancer still sent connections to it.
type balancerRemovedLate struct{}

// matches ignores refusals by an endpoint that accepted connections again
// later.
func (balancerRemovedLate) matches(s *observation, l *record.LostRequest) bool {
	if !analysis.IsRefusal(l.Class) {
		return false
	}
	own := s.lifecycleOf(l)
	later := s.seen[l.Endpoint].LastConnect
	if own != nil && later > l.End+readTogether && (own.Over == analysis.Unknown || later < own.Over) {
		return false
	}
	return s.slowRemovals[l] != nil
}

func (balancerRemovedLate) explain(s *observation, e *evidence) Finding {
	h := s.propagationOf(e)
	why := ": load balancers still sent them to endpoints that the control plane had removed"
	if h.early() {
		why = ", before the control plane removed the endpoints"
	}
	return propagationFinding(&h, s, e, h.how()+h.until()+why)
}

func propagationFinding(h *propagation, s *observation, e *evidence, title string) Finding {
	needed := max(h.needed, h.out)
	f := Finding{
		Title:      title,
		Confidence: Likely,
		Measured:   e.span(),
		Needed:     needed,
		Evidence: []string{
			e.what(),
			fmt.Sprintf("%s; %s", e.when(), s.where(e)),
			fmt.Sprintf("the control plane had removed the endpoints %s after termination began; each load balancer learns of it with its own delay", phrase.Duration(h.out)),
			"it is not known exactly when an endpoint stopped accepting, only that it was between the start of its termination and its exit",
		},
		Remedies: acceptLonger(needed),
		Settings: toAcceptLonger(needed),
	}
	switch {
	case h.open:
		f.Confidence, f.Needed = CannotTell, 0
		f.Evidence = append(f.Evidence, "cannot tell when the load balancers followed, nor how long to keep accepting: no response came after the last failure, or the load ended")
		f.Remedies = acceptUntilOut()
		f.Settings = nil
	case h.needed-h.least > analysis.Near:
		f.Evidence = append(f.Evidence, "the endpoints share one address and terminated one after the other: it is not known which of them refused the last connection, so the remedy uses the longer time")
	}
	f.Evidence = append(f.Evidence, shutdownsOf(h.met)...)
	orCrashed(s, e, &f)
	return f
}
