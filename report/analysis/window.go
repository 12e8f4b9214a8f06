package analysis

import (
	"cmp"
	"maps"
	"slices"

	"nodrop/loadgen/record"
)

// Window is a run of losses close together. Times are ns from the run's start.
type Window struct {
	Begin, End  int64
	Exposed     int64 // requests started inside it, in whole bins
	Lost        int64
	InFlight    int64 // of Lost: started before the window began
	Reused      int64 // of Lost: on a connection that had carried a request
	Unlisted    int64 // of Lost: without details; InFlight, Reused, Connections and Endpoints leave them out
	Connections int64 // distinct connections that lost a request
	Classes     []record.BinLoss
	Endpoints   []string // in natural order
	Slowest     int64    // ns; slowest response that ended inside it, in whole bins
	BeginNear   Relation // mark nearest to each edge
	EndNear     Relation
}

// Relation is the distance of a time from a mark: Distance > 0 is after it.
type Relation struct {
	Mark     record.Mark
	Distance int64 // ns
	ToEnd    bool  // it is the distance from the mark's end, not from its begin
	Known    bool
}

// windowGap returns how far apart two losses of one window may be: 50 ms or,
// for slow loads, the time in which each endpoint gets ten requests. Successes
// on other endpoints do not end a window.
func windowGap(run *record.Run) int64 {
	const least = 50_000_000
	if run.Counts.Started == 0 || run.Duration == 0 {
		return least
	}
	perRequest := float64(run.Duration) / float64(run.Counts.Started)
	return max(least, int64(10*perRequest*float64(max(1, EndpointCount(run)))))
}

// windows groups failures that are at most gap apart. The windows hold every
// loss exactly once.
func windows(run *record.Run, gap int64) []Window { return windowsOf(run, gap, Failures(run)) }

// WindowsSince returns the windows of the losses of some classes from a time on,
// as if nothing else had been lost.
func WindowsSince(run *record.Run, gap, from int64, counts func(record.Class) bool) []Window {
	return windowsOf(run, gap, slices.DeleteFunc(Failures(run), func(f Failure) bool { return f.Until < from || !counts(f.class) }))
}

func windowsOf(run *record.Run, gap int64, failures []Failure) []Window {
	var list []Window
	for group := range GroupFailures(failures, gap) {
		w := NewWindow(group)
		w.Exposed = run.Bins.StartedBetween(w.Begin, w.End)
		responses := run.Bins.LatencyBetween(w.Begin, w.End)
		w.Slowest = responses.Max
		w.BeginNear, w.EndNear = nearest(run.Marks, w.Begin), nearest(run.Marks, w.End)
		list = append(list, w)
	}
	return list
}

// NewWindow sums up the failures of one window.
func NewWindow(group []Failure) Window {
	w := Window{Begin: group[0].From}
	endpoints, connections := map[string]bool{}, map[int64]bool{}
	for _, s := range group {
		w.End = max(w.End, s.Until)
		w.Lost += s.count
		w.AddClass(s.class, s.count)
		if s.lost == nil {
			w.Unlisted += s.count
			continue
		}
		if s.lost.Start < w.Begin {
			w.InFlight++
		}
		if s.lost.Reused {
			w.Reused++
		}
		if s.lost.Endpoint != "" {
			endpoints[s.lost.Endpoint] = true
		}
		if s.lost.Connection != 0 {
			connections[s.lost.Connection] = true
		}
	}
	w.Connections = int64(len(connections))
	w.Endpoints = slices.SortedFunc(maps.Keys(endpoints), CompareNatural)
	slices.SortStableFunc(w.Classes, func(a, b record.BinLoss) int { return cmp.Compare(b.Count, a.Count) })
	return w
}

// AddClass counts n losses of a class.
func (w *Window) AddClass(class record.Class, n int64) {
	for i := range w.Classes {
		if w.Classes[i].Class == class {
			w.Classes[i].Count += n
			return
		}
	}
	w.Classes = append(w.Classes, record.BinLoss{Class: class, Count: n})
}

// Ratio returns the share of the requests started inside the window that were
// lost; 0 if none is known to have started.
func (w *Window) Ratio() float64 {
	if w.Exposed == 0 {
		return 0
	}
	return min(1, float64(w.Lost-w.InFlight)/float64(w.Exposed))
}

// nearest returns the mark with the edge closest to at. Lifecycle marks say
// more than the steps that caused them, so steps count only if there are no
// others; notes never do.
func nearest(marks []record.Mark, at int64) Relation {
	var step, moment Relation
	for _, m := range marks {
		switch m.Kind {
		case record.MarkNote:
		case record.MarkStep:
			step.consider(m, at)
		default:
			moment.consider(m, at)
		}
	}
	if moment.Known {
		return moment
	}
	return step
}

// consider takes m if one of its edges is closer to at.
func (r *Relation) consider(m record.Mark, at int64) {
	for _, edge := range [...]int64{m.Start, m.End} {
		if d := at - edge; !r.Known || abs(d) < abs(r.Distance) {
			*r = Relation{m, d, edge != m.Start, true}
		}
	}
}

func abs(n int64) int64 { return max(n, -n) }

// WindowAt returns the first window of an ordered list that has not ended at a
// time; an empty window at that time if there is none.
func WindowAt(list []Window, at int64) *Window {
	i, _ := slices.BinarySearchFunc(list, at, func(w Window, at int64) int { return cmp.Compare(w.End, at) })
	if i == len(list) {
		return &Window{Begin: at, End: at}
	}
	return &list[i]
}
