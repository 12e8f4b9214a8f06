package diagnosis

import (
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// slowRemoval are the lifecycles that explain losses which the control plane's marks alone
// account for: it had ended them, and no mark tells when balancers heard of it.
type slowRemoval struct {
	lifecycles  []*analysis.Lifecycle
	first, last int64 // when the first and the last termination began
	out         int64 // ns from there until the control plane had taken each out, at most
	hooks       bool  // one may have a pre-stop hook
}

// slowRemovalKey is what a slow removal depends on.
type slowRemovalKey struct {
	own   *analysis.Lifecycle // that of the loss's endpoint, where marks tell
	named bool                // they do
	since int64               // the begin of the loss's outage
	until int64               // its end
	begun int                 // terminations that had begun by then
}

// findSlowRemovals finds those that explain refusals; many have one in common.
func (s *observation) findSlowRemovals() map[*record.LostRequest]*slowRemoval {
	var ends []int64 // when terminations began, in order
	for i := range s.lifecycles {
		ends = append(ends, s.lifecycles[i].Terminating)
	}
	slices.Sort(ends)
	known, list := map[slowRemovalKey]*slowRemoval{}, map[*record.LostRequest]*slowRemoval{}
	for i := range s.run.Lost {
		l := &s.run.Lost[i]
		if !analysis.IsRefusal(l.Class) {
			continue
		}
		begun, _ := slices.BinarySearch(ends, l.End+analysis.Near+1)
		key := slowRemovalKey{s.lifecycleOf(l), s.named(l), s.outageBegin(l), s.failing(l).End, begun}
		if _, done := known[key]; !done {
			known[key] = s.findSlowRemoval(l, key)
		}
		if known[key] != nil {
			list[l] = known[key]
		}
	}
	return list
}

// findSlowRemoval finds that of a refusal; nil where none explains it. Where no mark names the loss's endpoint, because the
// replicas share an address, each that can explain it may be the one.
func (s *observation) findSlowRemoval(l *record.LostRequest, key slowRemovalKey) *slowRemoval {
	var list []*analysis.Lifecycle
	for one := range s.suspects(l) {
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
		found.hooks = found.hooks || !one.Hookless()
	}
	return found
}

// refusingAt are those lifecycles that can have begun to refuse with an outage. An endpoint
// that balancers have not heard of is met all the time: once its process is gone,
// refusals begin. Without a pre-stop hook they begin with its termination, unless it
// drains: one of which an earlier outage came, which was over, is no longer met.
func (s *observation) refusingAt(begin int64, list []*analysis.Lifecycle) []*analysis.Lifecycle {
	return slices.DeleteFunc(list, func(one *analysis.Lifecycle) bool {
		gone := one.Exited != analysis.Unknown && begin > one.Exited+max(analysis.Near, s.loss.Gap)
		over := one.Refused != analysis.Unknown && one.Refused+max(analysis.Near, s.responses.Max) < begin // responses may be late
		return gone || one.Hookless() && over
	})
}
