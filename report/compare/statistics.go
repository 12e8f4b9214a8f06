package compare

import (
	"github.com/aclements/go-moremath/stats"
)

// Alpha is the p-value below which a difference is told.
const Alpha = 0.05

// mannWhitney is the two-sided p-value of the U test, exact up to 25 runs per
// arm: twice the smaller of the two one-sided ones, and 1 where all values are
// the same. The library's own two-sided value takes ties for symmetrical, which
// they are not in arms of different sizes.
func mannWhitney(base, next []float64) float64 {
	less, err := stats.MannWhitneyUTest(base, next, stats.LocationLess)
	if err != nil {
		return 1
	}
	more, err := stats.MannWhitneyUTest(next, base, stats.LocationLess)
	if err != nil {
		return 1
	}
	return min(1, 2*min(less.P, more.P))
}

// leastP is the smallest two-sided p-value that n and m runs can have: when all
// of one arm lie above all of the other.
func leastP(n, m int) float64 {
	ways := 1.0
	for i := 1; i <= min(n, m); i++ {
		ways *= float64(n+m-i+1) / float64(i)
	}
	return min(1, 2/ways)
}

// enoughRuns is how many runs each arm needs before any difference can be told
// by a p-value below level.
func enoughRuns(level float64) int {
	n := 1
	for leastP(n, n) >= level {
		n++
	}
	return n
}
