package observed

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Overlaps reports whether the marks of a lifecycle are complete and show that
// it stopped accepting before the balancer removed it.
func Overlaps(l *analysis.Lifecycle) bool {
	known := l != nil && l.Terminating != analysis.Unknown && l.Stopped() != analysis.Unknown && l.Removed != analysis.Unknown
	return known && l.Stopped() >= l.Terminating-analysis.Near && l.Removed > l.Stopped()
}

// Overlapping returns the lifecycles that can explain the loss: all of them if
// the replicas share an address and no mark names the endpoint.
func (s *Observation) Overlapping(l *record.LostRequest) []*analysis.Lifecycle {
	var list []*analysis.Lifecycle
	for one := range s.Suspects(l) {
		if Overlaps(one) && analysis.Within(l.End, one.Stopped(), one.Removed) {
			list = append(list, one)
		}
	}
	return list
}

// Overlap sums up, over several lifecycles, the time from the end of accepting
// to the removal from the balancer, in ns.
type Overlap struct {
	Longest  int64
	Accepted int64 // shortest time from the start of termination to the end of accepting
	Needed   int64 // longest time from the start of termination to the removal from the balancer
	How      string
}

// OverlapOf sums up lifecycles that overlap.
func OverlapOf(list []*analysis.Lifecycle) Overlap {
	var o Overlap
	for i, l := range list {
		accepted := max(0, l.Stopped()-l.Terminating)
		if i == 0 || accepted < o.Accepted {
			o.Accepted = accepted
		}
		o.Longest = max(o.Longest, l.Removed-l.Stopped())
		o.Needed = max(o.Needed, l.Removed-l.Terminating)
		how := "process exited"
		if l.Stopped() == l.ListenerClosed {
			how = "listener closed"
		}
		if o.How == "" {
			o.How = how
		} else if o.How != how {
			o.How = "listener closed or process exited"
		}
	}
	return o
}
