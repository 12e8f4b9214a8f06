package report

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"nodrop/loadgen/record"
)

// identityError says which count contradicts the totals.
type identityError struct {
	what      string
	got, want int64
}

func (e *identityError) Error() string {
	return fmt.Sprintf("%s: %d, the total says %d", e.what, e.got, e.want)
}

// windowGap is how far apart two losses may be and still be one window: 50 ms
// or, for slow loads, as long as ten requests to one of the endpoints take to
// come round. Successes elsewhere in the fleet do not end a window.
func windowGap(run *record.Run) int64 {
	const least = 50_000_000
	if run.Counts.Started == 0 || run.Duration == 0 {
		return least
	}
	perRequest := float64(run.Duration) / float64(run.Counts.Started)
	return max(least, int64(10*perRequest*float64(max(1, endpointCount(run)))))
}

// endpointCount is how many endpoints there were: those that requests met, and
// those that marks tell of; that one is ready is also told of what is none. An
// address behind which answers named replicas is none of its own. Where marks have
// other names than requests know (a process behind an address, pods behind a
// service), they are the same ones twice. Of those that stay, marks may tell
// nothing: there are no fewer than there were at the begin.
func endpointCount(run *record.Run) int {
	return max(run.Replicas, seenEndpoints(run))
}

func seenEndpoints(run *record.Run) int {
	names := map[string]bool{}
	shared := run.Settings.EndpointHeader != "" && slices.ContainsFunc(run.Endpoints, namedByAnswers)
	for _, e := range run.Endpoints {
		if !shared || namedByAnswers(e) {
			names[e.Name] = true
		}
	}
	marked, met := map[string]bool{}, len(names)
	for _, m := range run.Marks {
		if m.Endpoint != "" && m.Kind != record.MarkCrashed && m.Kind != record.MarkReady {
			marked[m.Endpoint] = true
			names[m.Endpoint] = true
		}
	}
	if len(names) == met+len(marked) {
		return max(met, len(marked))
	}
	return len(names)
}

// namedByAnswers reports that an endpoint is known from a response field, not
// from connections to it.
func namedByAnswers(e record.EndpointSeen) bool { return e.FirstAnswer >= 0 && e.FirstConnect < 0 }

// strike is a loss, or several of one kind, placed in time.
type strike struct {
	from, until int64 // ns
	class       record.Class
	count       int64
	lost        *record.LostRequest // nil for those in the counts alone
}

// windows groups strikes that are at most gap apart. Together the windows hold
// every loss once.
func windows(run *record.Run, gap int64) []Window {
	var list []Window
	for group := range groupStrikes(strikes(run), gap) {
		w := newWindow(group)
		w.Exposed = run.Bins.StartedBetween(w.Begin, w.End)
		answers := run.Bins.LatencyBetween(w.Begin, w.End)
		w.Slowest = answers.Max
		w.BeginNear, w.EndNear = nearest(run.Marks, w.Begin), nearest(run.Marks, w.End)
		list = append(list, w)
	}
	return list
}

// strikes places every loss of run, in order: those told in full to the
// nanosecond, the others to their bin.
func strikes(run *record.Run) []strike {
	list := make([]strike, 0, len(run.Lost))
	for i := range run.Lost {
		l := &run.Lost[i]
		from, until := struck(l, run.Bins.Width)
		list = append(list, strike{from, until, l.Class, 1, l})
	}
	if run.LostUntold > 0 {
		list = append(list, untold(run)...)
	}
	sortStrikes(list)
	return list
}

func sortStrikes(list []strike) {
	slices.SortStableFunc(list, func(a, b strike) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.until, b.until)) })
}

// struck is when a lost request met what it was lost to. A connection that
// was refused, by the target or on the way to it, met it when the request
// started; so did a request that hung, for it is not known how long after. All
// others were cut when they failed: a request of 3 s that is killed at its end
// belongs to what killed it.
func struck(l *record.LostRequest, resolution int64) (from, until int64) {
	switch {
	case l.Class.Cause() == record.CauseTimeout:
		return l.Start, l.Start
	case l.Class.Info().SafeToRetry() && l.End-l.Start <= resolution:
		return l.Start, l.End
	}
	return l.End, l.End
}

// untold places the losses that are in the time bins alone.
func untold(run *record.Run) []strike {
	type key struct {
		bin   int64
		class record.Class
	}
	told := map[key]int64{}
	width := run.Bins.Width
	if width == 0 {
		return nil // a recording that contradicts itself
	}
	for _, l := range run.Lost {
		told[key{l.End / width, l.Class}]++
	}
	var list []strike
	for i := range run.Bins.List {
		for _, l := range run.Bins.List[i].Lost {
			at := int64(i) * width
			if n := l.Count - told[key{int64(i), l.Class}]; n > 0 {
				list = append(list, strike{at, at + width, l.Class, n, nil})
			}
		}
	}
	return list
}

// groupStrikes cuts strikes, in order, where the next is more than gap away.
func groupStrikes(list []strike, gap int64) iter.Seq[[]strike] {
	return func(yield func([]strike) bool) {
		for len(list) > 0 {
			end, n := list[0].until, 1
			for n < len(list) && list[n].from-end <= gap {
				end = max(end, list[n].until)
				n++
			}
			if !yield(list[:n]) {
				return
			}
			list = list[n:]
		}
	}
}

// newWindow sums up the strikes of one window.
func newWindow(group []strike) Window {
	w := Window{Begin: group[0].from}
	endpoints, connections := map[string]bool{}, map[int64]bool{}
	for _, s := range group {
		w.End = max(w.End, s.until)
		w.Lost += s.count
		w.addClass(s.class, s.count)
		if s.lost == nil {
			w.Untold += s.count
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
	w.Endpoints = slices.SortedFunc(maps.Keys(endpoints), compareNatural)
	slices.SortStableFunc(w.Classes, func(a, b record.BinLoss) int { return cmp.Compare(b.Count, a.Count) })
	return w
}

func (w *Window) addClass(class record.Class, n int64) {
	for i := range w.Classes {
		if w.Classes[i].Class == class {
			w.Classes[i].Count += n
			return
		}
	}
	w.Classes = append(w.Classes, record.BinLoss{Class: class, Count: n})
}

// Ratio is the share that was lost of the requests started inside the window;
// 0 when none is known to have been.
func (w *Window) Ratio() float64 {
	if w.Exposed == 0 {
		return 0
	}
	return min(1, float64(w.Lost-w.InFlight)/float64(w.Exposed))
}

// nearest is the mark with the edge closest to at. Moments in the life of an
// endpoint say more than the step that caused them, which stands in only where
// there are none; notes do not count.
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
			*r = Relation{m, d, true}
		}
	}
}

func abs(n int64) int64 { return max(n, -n) }

// compareNatural orders gw-2 before gw-10.
func compareNatural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		n, m := leadingDigits(x), leadingDigits(y)
		if n == 0 || m == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		i, j := strings.TrimLeft(x[:n], "0"), strings.TrimLeft(y[:m], "0")
		if c := cmp.Or(cmp.Compare(len(i), len(j)), cmp.Compare(i, j)); c != 0 {
			return c
		}
		x, y = x[n:], y[m:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

func leadingDigits(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }
