package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// balancerRemovedLate: the control plane had removed the endpoint, but the
// balancer still sent connections to it.
type balancerRemovedLate struct{}

// matches ignores refusals by an endpoint that accepted connections again
// later.
func (balancerRemovedLate) matches(s *observed.Observation, l *record.LostRequest) bool {
	if !analysis.IsRefusal(l.Class) {
		return false
	}
	own := s.LifecycleOf(l)
	later := s.Seen[l.Endpoint].LastConnect
	if own != nil && later > l.End+observed.ReadTogether && (own.Over == analysis.Unknown || later < own.Over) {
		return false
	}
	removal := s.SlowRemovals[l]
	return removal != nil && !removal.Asleep(l.End)
}

func (balancerRemovedLate) explain(s *observed.Observation, e *observed.Evidence) Finding {
	h := s.PropagationOf(e)
	why := ": load balancers still sent them to endpoints that the control plane had removed"
	if h.Early() {
		why = ", before the control plane removed the endpoints"
	}
	return propagationFinding(&h, s, e, h.How()+h.Until()+why)
}

func propagationFinding(h *observed.Propagation, s *observed.Observation, e *observed.Evidence, title string) Finding {
	needed := max(h.Needed, h.Out)
	f := Finding{
		Title:      title,
		Confidence: Likely,
		Measured:   e.Span(),
		Needed:     needed,
		Evidence: []string{
			e.What(),
			fmt.Sprintf("%s; %s", e.When(), s.Where(e)),
			fmt.Sprintf("the control plane had removed the endpoints %s after termination began; each load balancer learns of it with its own delay", phrase.Duration(h.Out)),
			"it is not known exactly when an endpoint stopped accepting, only that it was between the start of its termination and its exit",
		},
		Remedies: acceptLonger(needed),
		Settings: toAcceptLonger(needed),
	}
	switch {
	case h.Open:
		f.Confidence, f.Needed = CannotTell, 0
		f.Evidence = append(f.Evidence, "cannot tell when the load balancers followed, nor how long to keep accepting: no response came after the last failure, or the load ended")
		f.Remedies = inWords(remedy.AcceptUntilOut())
		f.Settings = nil
	case h.Needed-h.Least > analysis.Near:
		f.Evidence = append(f.Evidence, "the endpoints share one address and terminated one after the other: it is not known which of them refused the last connection, so the remedy uses the longer time")
	}
	f.Evidence = append(f.Evidence, observed.ShutdownsOf(h.Met)...)
	orCrashed(s, e, &f)
	return f
}
