package brief

import (
	"cmp"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/analysis"
)

// What a Moment is.
const (
	EventBegins MomentKind = iota
	EventEnds
	FirstLoss
	LastLoss
	OnlyLoss // the first and the last at once
	Marked   // a mark, or the same mark of several endpoints
)

// MomentKind says what a Moment is.
type MomentKind uint8

// Moment is one of the few times that tell how a run went.
type Moment struct {
	Kind    MomentKind
	At, End int64              // ns; End is later only for marks
	Group   analysis.MarkGroup // of Marked; of EventBegins, the step
	Near    analysis.Relation  // of a loss: the nearest mark
	Windows int                // of LastLoss: number of windows
}

const maxMoments = 5

// order lists the marks that tell most, first those that end a service.
var order = []record.MarkKind{
	record.MarkCrashed, record.MarkListenerClosed, record.MarkEndpointRemoved, record.MarkExited, record.MarkKilled,
	record.MarkConnectionsCut, record.MarkEndpointDropped, record.MarkEndpointGoes, record.MarkReady, record.MarkSignalled,
	record.MarkTerminating, record.MarkNotReady,
}

// momentsOf returns the most telling moments of a run, in order of time: the
// event's begin, the first and the last loss, the marks beside them, then as
// many other marks as there is room for, and the event's end.
func momentsOf(r *report.RunReport) []Moment {
	var list []Moment
	e := &r.Loss.Event
	groups := analysis.GroupMarks(r.Run.Marks)
	if e.Known {
		list = append(list, Moment{Kind: EventBegins, At: e.Begin, End: e.Begin, Group: stepAt(groups, e.Begin)})
	}
	losses := lossesOf(r)
	list = append(list, losses...)
	for _, kind := range telling(losses) {
		for i := range groups {
			if g := &groups[i]; len(list) < maxMoments && g.Mark.Kind == kind && g.First >= 0 {
				list = append(list, Moment{Kind: Marked, At: g.First, End: g.Last, Group: *g})
			}
		}
	}
	if e.Known && len(list) < maxMoments && e.End > e.Begin {
		list = append(list, Moment{Kind: EventEnds, At: e.End, End: e.End})
	}
	slices.SortStableFunc(list, func(a, b Moment) int { return cmp.Compare(a.At, b.At) })
	return list
}

// telling returns the kinds of marks, those beside the losses first.
func telling(losses []Moment) []record.MarkKind {
	var kinds []record.MarkKind
	for i := range losses {
		if near := &losses[i].Near; near.Known && slices.Contains(order, near.Mark.Kind) && !slices.Contains(kinds, near.Mark.Kind) {
			kinds = append(kinds, near.Mark.Kind)
		}
	}
	for _, kind := range order {
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

func lossesOf(r *report.RunReport) []Moment {
	n := len(r.Loss.Windows)
	if n == 0 {
		return nil
	}
	first, last := &r.Loss.Windows[0], &r.Loss.Windows[n-1]
	if first.Begin == last.End || r.Run.Counts.Lost == 1 {
		return []Moment{{Kind: OnlyLoss, At: first.Begin, End: first.Begin, Near: first.BeginNear}}
	}
	return []Moment{
		{Kind: FirstLoss, At: first.Begin, End: first.Begin, Near: first.BeginNear},
		{Kind: LastLoss, At: last.End, End: last.End, Near: last.EndNear, Windows: n},
	}
}

// stepAt returns the step that begins the event.
func stepAt(groups []analysis.MarkGroup, begin int64) analysis.MarkGroup {
	i := slices.IndexFunc(groups, func(g analysis.MarkGroup) bool { return g.Mark.Kind == record.MarkStep && g.First == begin })
	if i < 0 {
		return analysis.MarkGroup{}
	}
	return groups[i]
}
