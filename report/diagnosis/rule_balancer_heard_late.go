package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
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
	return h.finding(s, e, h.how()+h.until()+why)
}
