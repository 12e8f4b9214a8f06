package analysis

import (
	"cmp"
	"iter"
	"slices"

	"nodrop/loadgen/record"
)

// Failure is one loss, or several of one class, placed in time.
type Failure struct {
	From, Until int64 // ns
	class       record.Class
	count       int64
	lost        *record.LostRequest // nil for losses without details
}

// Failures places every loss of run in time order: losses with details to the
// nanosecond, the others to their bin.
func Failures(run *record.Run) []Failure {
	list := make([]Failure, 0, len(run.Lost))
	for i := range run.Lost {
		list = append(list, FailureOf(&run.Lost[i], run.Bins.Width))
	}
	if run.LostUnlisted > 0 {
		list = append(list, unlisted(run)...)
	}
	SortFailures(list)
	return list
}

// FailureOf returns the failure of a loss with details.
func FailureOf(l *record.LostRequest, resolution int64) Failure {
	from, until := FailedAt(l, resolution)
	return Failure{from, until, l.Class, 1, l}
}

// SortFailures puts failures in order of time.
func SortFailures(list []Failure) {
	slices.SortStableFunc(list, func(a, b Failure) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Until, b.Until)) })
}

// FailedAt returns when a lost request met the cause of its loss. A request
// that timed out counts at its start, because it is unknown when it hung. A
// connection that was refused, by the target or on the way to it, counts from
// its start to its end if that took no longer than resolution. Everything else
// counts at its end: a request cut after 3 s belongs to whatever cut it then.
func FailedAt(l *record.LostRequest, resolution int64) (from, until int64) {
	switch {
	case l.Class.Cause() == record.CauseTimeout:
		return l.Start, l.Start
	case l.Class.Info().SafeToRetry() && l.End-l.Start <= resolution:
		return l.Start, l.End
	}
	return l.End, l.End
}

// unlisted places the losses that only the time bins count.
func unlisted(run *record.Run) []Failure {
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
	var list []Failure
	for i := range run.Bins.List {
		for _, l := range run.Bins.List[i].Lost {
			at := int64(i) * width
			if n := l.Count - told[key{int64(i), l.Class}]; n > 0 {
				list = append(list, Failure{at, at + width, l.Class, n, nil})
			}
		}
	}
	return list
}

// GroupFailures splits ordered failures wherever the next is more than gap
// away.
func GroupFailures(list []Failure, gap int64) iter.Seq[[]Failure] {
	return func(yield func([]Failure) bool) {
		for len(list) > 0 {
			end, n := list[0].Until, 1
			for n < len(list) && list[n].From-end <= gap {
				end = max(end, list[n].Until)
				n++
			}
			if !yield(list[:n]) {
				return
			}
			list = list[n:]
		}
	}
}
