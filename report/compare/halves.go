package compare

import (
	"slices"

	"nodrop/report/metric"
)

// Halves sets the newer half of a series beside the older one. Of an odd number,
// the newer half has one more.
type Halves struct {
	Older, Newer metric.Spread
	Direction    int     // −1, 0, 1: the newer values tend to be less, the same, more
	P            float64 // of the two-sided Mann–Whitney test
	Weak         bool    // the values are too few for any difference to be significant
}

// HalvesOf compares the halves of a series, the oldest value first.
func HalvesOf(values []float64) Halves {
	older, newer := values[:len(values)/2], values[len(values)/2:]
	h := Halves{Older: spreadOf(older), Newer: spreadOf(newer), P: 1, Weak: leastP(len(older), len(newer)) >= Alpha}
	if len(older) > 0 {
		h.Direction, h.P = direction(older, newer), mannWhitney(older, newer)
	}
	return h
}

// Significant reports whether chance alone hardly explains the difference.
func (h *Halves) Significant() bool { return h.P < Alpha }

// EnoughForHalves returns how many values a series needs before its halves can
// differ significantly.
func EnoughForHalves() int { return 2 * enoughRuns(Alpha) }

// spreadOf sums up values, in the order given.
func spreadOf(values []float64) metric.Spread {
	s := metric.Spread{Values: values, Known: len(values) > 0}
	if !s.Known {
		return s
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	s.Min, s.Max = sorted[0], sorted[n-1]
	s.Median = (sorted[(n-1)/2] + sorted[n/2]) / 2
	return s
}
