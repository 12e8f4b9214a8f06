package compare

import (
	"github.com/aclements/go-moremath/stats"
)

// Alpha is the significance level of a difference.
const Alpha = 0.05

// mannWhitney returns the two-sided p-value of the U test, exact up to 25 runs
// per arm: twice the smaller of the two one-sided values, and 1 if all values
// are the same. The library's own two-sided value assumes that ties are
// symmetrical, which is wrong for arms of different sizes.
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

// leastP returns the smallest two-sided p-value that n and m runs can have,
// when all values of one arm are above all of the other.
func leastP(n, m int) float64 {
	ways := 1.0
	for i := 1; i <= min(n, m); i++ {
		ways *= float64(n+m-i+1) / float64(i)
	}
	return min(1, 2/ways)
}

// enoughRuns returns how many runs each arm needs before any difference can
// have a p-value below level.
func enoughRuns(level float64) int {
	n := 1
	for leastP(n, n) >= level {
		n++
	}
	return n
}

// Differ returns how likely chance alone makes figures of two arms differ as much
// as these do. tested is false if the runs are too few for any answer.
func Differ(base, next []float64) (p float64, tested bool) {
	if leastP(len(base), len(next)) >= Alpha {
		return 1, false
	}
	return mannWhitney(base, next), true
}
