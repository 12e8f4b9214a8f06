package analysis

import (
	"cmp"
	"iter"
	"slices"

	"nodrop/loadgen/record"
)

// Failure is a loss, or several of one kind, placed in time.
type Failure struct {
	From, Until int64 // ns
	class       record.Class
	count       int64
	lost        *record.LostRequest // nil for those in the counts alone
}

// Failures places every loss of run, in order: those told in full to the
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

// FailureOf is a loss that is told in full.
func FailureOf(l *record.LostRequest, resolution int64) Failure {
	from, until := FailedAt(l, resolution)
	return Failure{from, until, l.Class, 1, l}
}

// SortFailures puts failures in order of time.
func SortFailures(list []Failure) {
	slices.SortStableFunc(list, func(a, b Failure) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Until, b.Until)) })
}

// FailedAt is when a lost request met what it was lost to. A connection that
// was refused, by the target or on the way to it, met it when the request
// started; so did a request that hung, for it is not known how long after. All
// others were cut when they failed: a request of 3 s that is killed at its end
// belongs to what killed it.
func FailedAt(l *record.LostRequest, resolution int64) (from, until int64) {
	switch {
	case l.Class.Cause() == record.CauseTimeout:
		return l.Start, l.Start
	case l.Class.Info().SafeToRetry() && l.End-l.Start <= resolution:
		return l.Start, l.End
	}
	return l.End, l.End
}

// unlisted places the losses that are in the time bins alone.
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

// GroupFailures cuts failures, in order, where the next is more than gap away.
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
