package observed

import (
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// slowRemoval holds the lifecycles that explain a refusal by the control
// plane's marks alone: it had removed the endpoints, and no mark shows when the
// balancers followed.
type slowRemoval struct {
	lifecycles  []*analysis.Lifecycle
	first, last int64 // when the first and the last termination began
	out         int64 // longest time from a termination until the control plane had removed its endpoint, ns
	Hooks       bool  // at least one may have a pre-stop hook
}

// Asleep reports whether pre-stop hooks still kept all of the processes from
// stopping: none of them refused a connection then.
func (r *slowRemoval) Asleep(at int64) bool {
	return !slices.ContainsFunc(r.lifecycles, func(one *analysis.Lifecycle) bool { return !one.Sleeping(at) })
}

// slowRemovalKey is all that a slow removal depends on.
type slowRemovalKey struct {
	own   *analysis.Lifecycle // the lifecycle of the loss's endpoint, if known
	named bool                // marks name the endpoint
	since int64               // when the loss's outage began
	until int64               // when its failed connections ended
	begun int                 // number of terminations that had begun by then
}

// findSlowRemovals finds the slow removal of each refusal; many refusals share
// one.
func (s *Observation) findSlowRemovals() map[*record.LostRequest]*slowRemoval {
	var ends []int64 // when terminations began, in order
	for i := range s.Lifecycles {
		ends = append(ends, s.Lifecycles[i].Terminating)
	}
	slices.Sort(ends)
	known, list := map[slowRemovalKey]*slowRemoval{}, map[*record.LostRequest]*slowRemoval{}
	for i := range s.Run.Lost {
		l := &s.Run.Lost[i]
		if !analysis.IsRefusal(l.Class) {
			continue
		}
		begun, _ := slices.BinarySearch(ends, l.End+analysis.Near+1)
		key := slowRemovalKey{s.LifecycleOf(l), s.Named(l), s.outageBegin(l), s.failing(l).End, begun}
		if _, done := known[key]; !done {
			known[key] = s.findSlowRemoval(l, key)
		}
		if known[key] != nil {
			list[l] = known[key]
		}
	}
	return list
}

// findSlowRemoval returns the slow removal that explains a refusal; nil if
// there is none. If the replicas share an address and no mark names the
// endpoint, it holds every lifecycle that can explain the refusal.
func (s *Observation) findSlowRemoval(l *record.LostRequest, key slowRemovalKey) *slowRemoval {
	var list []*analysis.Lifecycle
	for one := range s.Suspects(l) {
		known := one.Terminating != analysis.Unknown && one.Out() != analysis.Unknown && one.Removed == analysis.Unknown
		if known && l.End >= one.Terminating-analysis.Near && key.until >= one.Terminating {
			list = append(list, one)
		}
	}
	if !key.named {
		list = s.refusingAt(key.since, list)
	}
	if len(list) == 0 {
		return nil
	}
	found := &slowRemoval{lifecycles: list, first: list[0].Terminating, last: list[0].Terminating}
	for _, one := range list {
		found.first, found.last = min(found.first, one.Terminating), max(found.last, one.Terminating)
		found.out = max(found.out, one.Out()-one.Terminating)
		found.Hooks = found.Hooks || !one.Hookless()
	}
	return found
}

// refusingAt keeps the lifecycles that can have begun to refuse when an outage
// began. Until balancers remove an endpoint, it keeps getting connections, so
// refusals begin as soon as its process is gone. Without a pre-stop hook they
// begin with its termination, unless it drains. If an earlier outage began with
// its termination and ended, it no longer gets connections.
func (s *Observation) refusingAt(begin int64, list []*analysis.Lifecycle) []*analysis.Lifecycle {
	return slices.DeleteFunc(list, func(one *analysis.Lifecycle) bool {
		gone := one.Exited != analysis.Unknown && begin > one.Exited+max(analysis.Near, s.Loss.Gap)
		over := one.Refused != analysis.Unknown && one.Refused+max(analysis.Near, s.Responses.Max) < begin // responses may be late
		return gone || one.Hookless() && over
	})
}
