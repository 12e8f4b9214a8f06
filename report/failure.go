package report

import (
	"cmp"
	"iter"
	"slices"

	"nodrop/loadgen/record"
)

// strike is a loss, or several of one kind, placed in time.
type strike struct {
	from, until int64 // ns
	class       record.Class
	count       int64
	lost        *record.LostRequest // nil for those in the counts alone
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
