package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// overlaps reports that the marks tell the whole of a lifecycle, and that it
// stopped accepting before the balancer heard of it.
func overlaps(l *analysis.Lifecycle) bool {
	known := l != nil && l.Terminating != analysis.Unknown && l.Stopped() != analysis.Unknown && l.Removed != analysis.Unknown
	return known && l.Stopped() >= l.Terminating-analysis.Near && l.Removed > l.Stopped()
}

// overlapping are the lifecycles that can explain the loss. Where no mark names its
// endpoint, because the replicas share an address, each of them can.
func (s *observation) overlapping(l *record.LostRequest) []*analysis.Lifecycle {
	var list []*analysis.Lifecycle
	for one := range s.suspects(l) {
		if overlaps(one) && analysis.Within(l.End, one.Stopped(), one.Removed) {
			list = append(list, one)
		}
	}
	return list
}

// overlap is the time from the end of accepting to being out of the balancer,
// over several lifecycles; ns.
type overlap struct {
	longest  int64
	accepted int64 // the shortest time that one went on accepting after termination began
	needed   int64 // the longest time from there to being out of the balancer
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
