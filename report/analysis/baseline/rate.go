package baseline

import (
	"math"

	"github.com/aclements/go-moremath/mathx"
)

const (
	mostCounts = 1000 // of which proportions are compared
	burst      = 10   // lost together, perhaps, as far as a single loss can tell
)

// test compares later counts with those of the baseline.
type test struct {
	before Count
	effect float64 // how many losses are as good as one independent loss
}

// designEffect estimates how much more the losses of a slice vary than those of
// independent requests. The square root allows for the error of the estimate:
// by about one standard deviation.
func designEffect(parts []Count, all Count, kin, together int64) float64 {
	few := 1.0
	if n := max(all.Lost, kin); n > 0 {
		few += float64(max(burst, together)) / float64(n)
	}
	var chi2 float64
	for _, part := range parts {
		if want := all.Rate() * float64(part.Of); want > 0 {
			chi2 += (float64(part.Lost) - want) * (float64(part.Lost) - want) / want
		}
	}
	free := float64(len(parts) - 1)
	return max(few, chi2/free*(1+math.Sqrt(2/free)))
}

// expected returns how many losses the rate of the baseline makes expect.
func (t test) expected(after Count) float64 { return t.before.Rate() * float64(after.Of) }

// rise returns the one-sided p-value of a higher rate.
func (t test) rise(after Count) float64 {
	share := float64(after.Of) / float64(t.before.Of+after.Of)
	return atLeast(float64(after.Lost)/t.effect, float64(t.before.Lost)/t.effect, share)
}

// undoubled reports whether the rate is surely below twice that of the
// baseline.
func (t test) undoubled(after Count) bool {
	share := float64(t.before.Of) / (float64(t.before.Of) + 2*float64(after.Of))
	return atLeast(float64(t.before.Lost)/t.effect, float64(after.Lost)/t.effect, share) < 0.05
}

// densest returns the p-value of the densest part, adjusted for the number of
// parts, and the losses of dense parts beyond those that were expected.
func (t test) densest(parts []Count) (p, excess float64) {
	p = 1
	for _, part := range parts {
		more := float64(part.Lost) - t.expected(part)
		if more <= 0 {
			continue
		}
		one := t.rise(part) * float64(len(parts))
		if one < Level/2 {
			excess += more
		}
		p = min(p, one)
	}
	return p, excess
}

// atLeast returns the probability that at least a of a + b losses are on a side
// that has the given share of the requests. The numbers need not be whole.
func atLeast(a, b, share float64) float64 {
	if a <= 0 || b < 0 || share < 0 || share > 1 {
		return 1
	}
	if all := a + b; all > mostCounts {
		a, b = a*mostCounts/all, b*mostCounts/all
	}
	return mathx.BetaInc(share, a, b+1)
}
