package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// overlaps reports whether the marks of a lifecycle are complete and show that
// it stopped accepting before the balancer removed it.
func overlaps(l *analysis.Lifecycle) bool {
	known := l != nil && l.Terminating != analysis.Unknown && l.Stopped() != analysis.Unknown && l.Removed != analysis.Unknown
	return known && l.Stopped() >= l.Terminating-analysis.Near && l.Removed > l.Stopped()
}

// overlapping returns the lifecycles that can explain the loss: all of them if
// the replicas share an address and no mark names the endpoint.
func (s *observation) overlapping(l *record.LostRequest) []*analysis.Lifecycle {
	var list []*analysis.Lifecycle
	for one := range s.suspects(l) {
		if overlaps(one) && analysis.Within(l.End, one.Stopped(), one.Removed) {
			list = append(list, one)
		}
	}
	return list
}

// overlap sums up, over several lifecycles, the time from the end of accepting
// to the removal from the balancer, in ns.
type overlap struct {
	longest  int64
	accepted int64 // shortest time from the start of termination to the end of accepting
	needed   int64 // longest time from the start of termination to the removal from the balancer
	how      string
}

func overlapOf(list []*analysis.Lifecycle) overlap {
	var o overlap
	for i, l := range list {
		accepted := max(0, l.Stopped()-l.Terminating)
		if i == 0 || accepted < o.accepted {
			o.accepted = accepted
		}
		o.longest = max(o.longest, l.Removed-l.Stopped())
		o.needed = max(o.needed, l.Removed-l.Terminating)
		how := "process exited"
		if l.Stopped() == l.ListenerClosed {
			how = "listener closed"
		}
		if o.how == "" {
			o.how = how
		} else if o.how != how {
			o.how = "listener closed or process exited"
		}
	}
	return o
}
