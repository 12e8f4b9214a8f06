package errorshape

import (
	"cmp"
	"math"
	"slices"

	"nodrop/report/analysis"
)

// crashSpans returns when something was down after a crash.
func crashSpans(crashes []analysis.Crash) []span {
	var list []span
	for i := range crashes {
		c := &crashes[i]
		s := span{c.From - analysis.Near, math.MaxInt64}
		if c.Back != analysis.Unknown {
			s.to = c.Back + analysis.Near
		}
		list = append(list, s)
	}
	return merged(list)
}

// terminatingSpans returns when some endpoint was terminating and had not exited yet.
func terminatingSpans(lifecycles []analysis.Lifecycle) []span {
	var list []span
	for i := range lifecycles {
		own := &lifecycles[i]
		if from := own.TerminationBegan(); from != analysis.Unknown {
			list = append(list, span{from, goneBy(own)})
		}
	}
	return merged(list)
}

// goneBy returns until when an endpoint may still have responded.
func goneBy(own *analysis.Lifecycle) int64 {
	switch {
	case own.Exited != analysis.Unknown:
		return own.Exited + analysis.Near
	case own.Over != analysis.Unknown:
		return own.Over
	}
	return math.MaxInt64
}

// merged sorts spans and joins those that overlap.
func merged(list []span) []span {
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var joined []span
	for _, s := range list {
		if n := len(joined); n > 0 && s.from <= joined[n-1].to {
			joined[n-1].to = max(joined[n-1].to, s.to)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// covers reports whether one of the merged spans holds a time.
func covers(list []span, at int64) bool {
	i, _ := slices.BinarySearchFunc(list, at, func(s span, at int64) int { return cmp.Compare(s.to, at) })
	return i < len(list) && list[i].holds(at)
}

// total is the length of merged spans within the first end ns of a run.
func total(list []span, end int64) int64 {
	var sum int64
	for _, s := range list {
		sum += max(0, min(s.to, end)-max(s.from, 0))
	}
	return sum
}
