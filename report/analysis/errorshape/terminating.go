package errorshape

import (
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// takeTerminating takes the responses of endpoints that marks name and that were
// terminating: they refused requests while the balancer still sent them.
func (b *builder) takeTerminating() {
	var order []*analysis.Lifecycle
	lost := map[*analysis.Lifecycle][]*record.LostRequest{}
	elsewhere := map[int]bool{} // statuses
	for _, l := range b.rest {
		own := b.LifecycleOf(l)
		if own == nil || !canLeave(l.Class.Status()) || !leavesAt(own, l.End) {
			elsewhere[l.Class.Status()] = true
			continue
		}
		if lost[own] == nil {
			order = append(order, own)
		}
		lost[own] = append(lost[own], l)
	}
	for _, own := range order {
		g := b.newGroup(Leaving, Marks, lost[own])
		g.Mark = own.TerminationBegan()
		g.Signal = g.Mark == own.Signalled
		g.AtExit = atExit(g, own, lost[own])
		g.Alone = !slices.ContainsFunc(lost[own], func(l *record.LostRequest) bool { return elsewhere[l.Class.Status()] })
		if g.Alone || b.whole(lost[own]) {
			b.assign(g, lost[own])
		}
	}
}

// atExit reports whether the responses of a group all came together just when
// their process exited, to requests that it had got long before that.
func atExit(g *Group, own *analysis.Lifecycle, lost []*record.LostRequest) bool {
	if own.Exited == analysis.Unknown || g.Last-g.First > analysis.Near || !analysis.Within(own.Exited, g.First, g.Last) || g.First-g.Mark <= 2*analysis.Near {
		return false
	}
	return !slices.ContainsFunc(lost, func(l *record.LostRequest) bool { return l.End-l.Start <= 2*analysis.Near })
}

// leavesAt reports whether an endpoint was terminating at a time, and may
// still have responded then.
func leavesAt(own *analysis.Lifecycle, at int64) bool {
	from := own.TerminationBegan()
	return from != analysis.Unknown && at >= from && at <= goneBy(own)
}

// takeShared takes the responses that come from one address of many endpoints
// and that marks of these explain by their times.
func (b *builder) takeShared() {
	if !b.Shared {
		return
	}
	leaving := terminatingSpans(b.Loss.Lifecycles)
	b.takeSharedLeaving(leaving)
	b.rest = slices.DeleteFunc(b.rest, func(l *record.LostRequest) bool { return b.shape.groups[l] != nil })
	for _, episode := range episodes(b.rest, b.gap) {
		ready := b.readyAt(episode[0])
		if len(episode) < few || ready == analysis.Unknown || anyStatus(episode, 429) {
			continue
		}
		g := b.newGroup(Arriving, SharedMarks, episode)
		g.Mark = ready
		g.Alone = anyStatus(episode, 404) || !covers(leaving, g.First) && !covers(leaving, g.Last)
		if g.Recovered {
			b.assign(g, episode)
		}
	}
}

// takeSharedLeaving takes the responses that came only while some endpoint was
// leaving, and that are no gateway's own.
func (b *builder) takeSharedLeaving(leaving []span) {
	if total(leaving, b.Run.Duration)*2 > b.Run.Duration {
		return // any time of the run would do
	}
	var lost []*record.LostRequest
	all := 0
	for _, l := range b.rest {
		status := l.Class.Status()
		if !canLeave(status) || b.said(status).Reason != 0 && status != 429 {
			continue
		}
		all++
		if covers(leaving, l.End) {
			lost = append(lost, l)
		}
	}
	if len(lost) < few || len(lost)*10 < all*9 {
		return
	}
	g := b.newGroup(Leaving, SharedMarks, lost)
	g.Alone = len(lost) == all && b.readyAt(lost[0]) == analysis.Unknown
	for i := range b.Loss.Lifecycles {
		if own := &b.Loss.Lifecycles[i]; leavesAt(own, g.First) {
			g.Mark = max(g.Mark, own.TerminationBegan())
		}
	}
	b.assign(g, lost)
}

// readyAt returns the last mark of any endpoint that was ready just before a
// response came; analysis.Unknown if there is none.
func (b *builder) readyAt(l *record.LostRequest) int64 {
	i, _ := slices.BinarySearch(b.allReady, l.End+analysis.Near+1)
	if i == 0 || b.allReady[i-1] < l.End-b.soon {
		return analysis.Unknown
	}
	return b.allReady[i-1]
}
