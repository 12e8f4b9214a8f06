package errorshape

import (
	"math/rand"
	"slices"
	"testing"

	"nodrop/loadgen/record"
)

// TestUneven: the limits hold for few times as for many, and what comes in one
// stretch of the load exceeds them.
func TestUneven(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	draw := func(n int, from, to float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = from + (to-from)*rng.Float64()
		}
		slices.Sort(x)
		return x
	}
	const draws = 4000
	count := func(n int, from, to, limit float64) (percent float64) {
		for range draws {
			if uneven(draw(n, from, to), limit) {
				percent += 100.0 / draws
			}
		}
		return percent
	}
	for n := few; n <= 10; n++ {
		if got := count(n, 0, 1, unevenRarely); got > 4 {
			t.Errorf("%d times at random: %.1f %% are uneven; want 2.5 %%", n, got)
		}
		if got := count(n, 0, 1, unevenOften); got > 13 {
			t.Errorf("%d times at random: %.1f %% are uneven at the lower limit; want 10 %%", n, got)
		}
		if got := count(n, 0.5, 0.55, unevenRarely); got < 99 {
			t.Errorf("%d times in a twentieth of the load: %.1f %% are uneven; want all", n, got)
		}
	}
	if got := count(1000, 0.1, 0.9, unevenRarely); got > 0 {
		t.Errorf("1000 times in most of the load: %.1f %% are uneven; want none", got)
	}
}

func TestAtLeast(t *testing.T) {
	for _, tt := range []struct {
		k, n int
		p    float64
		want float64
	}{{0, 0, 0.5, 1}, {0, 5, 0.1, 1}, {5, 5, 0.5, 1.0 / 32}, {1, 3, 0.1, 1 - 0.9*0.9*0.9}, {2, 2, 0.25, 1.0 / 16}} {
		if got := atLeast(tt.k, tt.n, tt.p); got < tt.want-1e-9 || got > tt.want+1e-9 {
			t.Errorf("%d of %d with %g: got %g; want %g", tt.k, tt.n, tt.p, got, tt.want)
		}
	}
}

func TestMoments(t *testing.T) {
	var lost []*record.LostRequest
	for _, at := range []int64{0, 4, 10, 11, 25, 40, 49} {
		lost = append(lost, &record.LostRequest{End: at * ms})
	}
	var got []int
	for _, moment := range moments(lost) {
		got = append(got, len(moment))
	}
	if want := []int{3, 1, 1, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
}
