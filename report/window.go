package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"nodrop/loadgen"
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
func windowGap(run *loadgen.Run) int64 {
	const least = 50_000_000
	if run.Counts.Started == 0 || run.Duration == 0 {
		return least
	}
	perRequest := float64(run.Duration) / float64(run.Counts.Started)
	return max(least, int64(10*perRequest*float64(max(1, endpointCount(run)))))
}

// endpointCount is how many endpoints there were: those that requests met, and
// those that marks tell of.
func endpointCount(run *loadgen.Run) int {
	names := map[string]bool{}
	for _, e := range run.Endpoints {
		names[e.Name] = true
	}
	for _, m := range run.Marks {
		if m.Endpoint != "" && m.Kind != loadgen.MarkCrashed {
			names[m.Endpoint] = true
		}
	}
	return len(names)
}

// windows finds the runs of losses in the time bins, by the time of failure,
// and sharpens their edges with the lost requests told in full.
func windows(run *loadgen.Run, gap int64) []Window {
	var list []Window
	width := run.Bins.Width
	for i := range run.Bins.List {
		bin := &run.Bins.List[i]
		lost := bin.LostCount()
		if lost == 0 {
			continue
		}
		at := int64(i) * width
		if n := len(list); n == 0 || at-list[n-1].End > gap {
			list = append(list, Window{Begin: at})
		}
		w := &list[len(list)-1]
		w.End = at + width
		w.Lost += lost
		w.addClasses(bin.Lost)
	}
	for i := range list {
		w := &list[i]
		w.sharpen(run)
		w.Exposed = run.Bins.StartedBetween(w.Begin, w.End)
		w.BeginNear, w.EndNear = nearest(run.Marks, w.Begin), nearest(run.Marks, w.End)
	}
	return list
}

func (w *Window) addClasses(lost []loadgen.BinLoss) {
	for _, l := range lost {
		i := slices.IndexFunc(w.Classes, func(c loadgen.BinLoss) bool { return c.Class == l.Class })
		if i < 0 {
			w.Classes = append(w.Classes, l)
		} else {
			w.Classes[i].Count += l.Count
		}
	}
}

// sharpen moves the edges from the bins' to the first and last loss itself. A
// request that never reached the server counts from its start, if it failed at
// once; one that was killed counts from its failure, and as in flight when the
// window began if it was.
func (w *Window) sharpen(run *loadgen.Run) {
	begin, end, told := w.End, w.Begin, int64(0)
	endpoints := map[string]bool{}
	for _, l := range run.Lost {
		if l.End < w.Begin || l.End >= w.End {
			continue
		}
		told++
		from := l.End
		if l.Class.Info().SafeToRetry() && l.End-l.Start <= run.Bins.Width {
			from = l.Start
		}
		begin, end = min(begin, from), max(end, l.End)
		if l.Endpoint != "" {
			endpoints[l.Endpoint] = true
		}
	}
	if told != w.Lost {
		return // some are in the counts alone
	}
	for _, l := range run.Lost {
		if l.End >= w.Begin && l.End < w.End && l.Start < begin {
			w.InFlight++
		}
	}
	w.Begin, w.End, w.Endpoints = begin, end, len(endpoints)
}

// nearest is the mark with the edge closest to at. Moments in the life of an
// endpoint say more than the step that caused them, which stands in only where
// there are none; notes do not count.
func nearest(marks []loadgen.Mark, at int64) Relation {
	var step, moment Relation
	for _, m := range marks {
		switch m.Kind {
		case loadgen.MarkNote:
		case loadgen.MarkStep:
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
func (r *Relation) consider(m loadgen.Mark, at int64) {
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
