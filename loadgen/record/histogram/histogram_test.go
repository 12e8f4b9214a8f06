package histogram

import (
	"math/rand/v2"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
)

// libraryHistogram is what histogram must not differ from.
func libraryHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, Max, digits)
}

// drawn returns the same random values in both histograms, of every magnitude.
func drawn(rng *rand.Rand, n int) (h *Histogram, want *hdrhistogram.Histogram) {
	h, want = &Histogram{}, libraryHistogram()
	for range n {
		us := min(rng.Int64N(1<<(1+rng.IntN(32))), Max)
		h.Add(us)
		if err := want.RecordValue(us); err != nil {
			panic(err)
		}
	}
	return h, want
}

// TestHistogramAgainstLibrary: buckets and percentiles are those of the library.
func TestHistogramAgainstLibrary(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := range 300 {
		h, library := drawn(rng, 1+n*n/10)
		var want, got [][3]int64
		for _, bar := range library.Distribution() {
			if bar.Count > 0 {
				want = append(want, [3]int64{bar.From, bar.To, bar.Count})
			}
		}
		h.Each(func(lowest, highest, count int64) bool {
			got = append(got, [3]int64{lowest, highest, count})
			return true
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		for _, p := range []float64{-1, 0, 1e-9, 10, 50, 90, 95, 99, 99.9, 100 * rng.Float64(), 100, 101} {
			if want, got := library.ValueAtPercentile(p), h.Percentile(p, library.TotalCount()); got != want {
				t.Fatalf("p%v of %d values: got %d; want %d", p, library.TotalCount(), got, want)
			}
		}
	}
}

// TestHistogramEnds: the first and the last value of every width have buckets.
func TestHistogramEnds(t *testing.T) {
	for power := range 32 {
		first := int64(1) << power
		for _, us := range []int64{first - 1, first, min(first+1, Max), Max} {
			h, library := &Histogram{}, libraryHistogram()
			h.Add(us)
			if err := library.RecordValue(us); err != nil {
				t.Fatal(err)
			}
			if want, got := library.ValueAtPercentile(50), h.Percentile(50, 1); got != want {
				t.Errorf("%d µs: got %d; want %d", us, got, want)
			}
		}
	}
}

// TestHistogramEncoding: files hold what the library writes, and read back as
// the same buckets.
func TestHistogramEncoding(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	h, library := drawn(rng, 5000)
	want, err := library.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.Encode()
	if err != nil || string(got) != string(want) {
		t.Fatalf("got %s, %v; want %s", got, err, want)
	}
	back, err := Decode(string(got), 5000)
	if diff := cmp.Diff(h, back, cmp.AllowUnexported(Histogram{})); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	if _, err := Decode(string(got), 4999); err == nil {
		t.Error("a wrong count was taken")
	}
}

// TestHistogramMerge: a merged histogram is that of all values, and leaves the
// other as it was.
func TestHistogramMerge(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	a, want := drawn(rng, 3000)
	b, other := drawn(rng, 10)
	before, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	a.Merge(b)
	want.Merge(other)
	wanted, err := want.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := a.Encode(); string(got) != string(wanted) {
		t.Errorf("got %s; want %s", got, wanted)
	}
	a.Add(1)
	if got, _ := b.Encode(); string(got) != string(before) {
		t.Error("the merged histogram changed")
	}
}
