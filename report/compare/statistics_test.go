package compare

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/report/metric"
)

// TestMannWhitney: the library's p-values equal those from every possible
// assignment of the runs to the arms, ties included.
func TestMannWhitney(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n, m, kinds := 1+rnd.IntN(5), 1+rnd.IntN(5), 1+rnd.IntN(8)
		draw := func(n int) []float64 {
			list := make([]float64, n)
			for i := range list {
				list[i] = float64(rnd.IntN(kinds))
			}
			return list
		}
		a, b := draw(n), draw(m)
		got, want := mannWhitney(a, b), permutation(a, b)
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%v, %v: got p = %v; want %v", a, b, got, want)
		}
		if back := mannWhitney(b, a); math.Abs(back-got) > 1e-9 {
			t.Errorf("%v, %v: got p = %v one way, %v the other", a, b, got, back)
		}
		if least := leastP(n, m); got < least-1e-9 && kinds > 1 {
			t.Errorf("%d + %d runs: got p = %v, below the least %v", n, m, got, least)
		}
	}
	for _, tt := range []struct {
		n, m int
		want float64
	}{{1, 1, 1}, {2, 2, 1.0 / 3}, {3, 3, 0.1}, {4, 4, 2.0 / 70}, {5, 5, 2.0 / 252}, {3, 5, 2.0 / 56}, {1, 39, 0.05}} {
		if got := leastP(tt.n, tt.m); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("leastP(%d, %d): got %v; want %v", tt.n, tt.m, got, tt.want)
		}
	}
	if got := enoughRuns(Alpha); got != 4 {
		t.Errorf("got %d runs as enough; want 4", got)
	}
}

// permutation returns the exact two-sided p-value: twice the share of
// assignments whose statistic is as low, or as high, as the observed one.
func permutation(a, b []float64) float64 {
	all := slices.Concat(a, b)
	u := func(isFirst uint) float64 {
		sum := 0.0
		for i, x := range all {
			for j, y := range all {
				if isFirst&(1<<i) != 0 && isFirst&(1<<j) == 0 {
					sum += []float64{0, 0.5, 1}[1+sign(x-y)]
				}
			}
		}
		return sum
	}
	met := u(1<<len(a) - 1)
	low, high, deals := 0.0, 0.0, 0.0
	for deal := range uint(1) << len(all) {
		if bits.OnesCount(deal) != len(a) {
			continue
		}
		deals++
		if u(deal) <= met {
			low++
		}
		if u(deal) >= met {
			high++
		}
	}
	return min(1, 2*min(low, high)/deals)
}

func sign(x float64) int {
	switch {
	case x < 0:
		return -1
	case x > 0:
		return 1
	}
	return 0
}

// TestChanceMarksNothing: if runs differ only by chance, hardly any comparison
// marks a row.
func TestChanceMarksNothing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	const comparisons = 1000
	marked := 0
	for range comparisons {
		rows := make([]ChangeRow, 8)
		for i := range rows {
			var a, b []float64
			for range 5 {
				a, b = append(a, rnd.Float64()), append(b, rnd.Float64())
			}
			rows[i] = ChangeRow{Base: metric.Spread{Known: true, Max: 1}, New: metric.Spread{Known: true}, P: mannWhitney(a, b), Tested: true}
		}
		adjust(rows)
		if slices.ContainsFunc(rows, func(r ChangeRow) bool { return r.Significant }) {
			marked++
		}
	}
	if marked > comparisons/20 {
		t.Errorf("%d of %d comparisons of noise marked a row; want at most 1 in 20", marked, comparisons)
	}
}

func TestAdjust(t *testing.T) {
	rows := make([]ChangeRow, 5)
	for i, p := range []float64{0.04, 0.01, 0.03, 0.5, 0.02} {
		rows[i] = ChangeRow{Base: metric.Spread{Known: true, Max: 1}, New: metric.Spread{Known: true}, P: p, Adjusted: p, Tested: true}
	}
	rows = append(rows, ChangeRow{Metric: "lost", P: 0.04, Adjusted: 0.04, Tested: true, Significant: true})
	adjust(rows)
	var got []float64
	for _, r := range rows {
		got = append(got, math.Round(r.Adjusted*1e6)/1e6)
	}
	if diff := cmp.Diff([]float64{0.05, 0.05, 0.05, 0.5, 0.05, 0.04}, got); diff != "" {
		t.Errorf("p-values differ (- want, + got)\n%s", diff)
	}
}
