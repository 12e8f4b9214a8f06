package record

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestBinsWidenWithoutLosingCounts(t *testing.T) {
	var line timeline
	const n = 100_000
	for i := range int64(n) {
		line.at(i*FirstBinWidth).Started++
	}
	b := mergeTimelines([]*timeline{&line}, nil)
	var total int64
	for i := range b.List {
		total += b.List[i].Started
	}
	if total != n || len(b.List) > MaxBins {
		t.Errorf("%d counted in %d bins", total, len(b.List))
	}
	if got := b.StartedBetween(0, n*FirstBinWidth); got != n {
		t.Errorf("between all: %d", got)
	}
	if got := b.StartedBetween(b.Width, b.Width); got != b.List[1].Started {
		t.Errorf("between one: %d; want %d", got, b.List[1].Started)
	}
}

// TestTimelineIsAsItsCounts compares time lines with plain bins, for times in
// any order, spread over several time lines.
func TestTimelineIsAsItsCounts(t *testing.T) {
	disorders := map[string]int64{"in order": 0, "late within what is open": 100_000_000, "late beyond": 5_000_000_000, "any order": 1 << 40}
	for name, disorder := range disorders {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, uint64(disorder)))
			lines := []*timeline{{}, {}, {}}
			const width = 4 * FirstBinWidth
			var plain []openBin
			for i := range int64(50_000) {
				ns := i*3_000_000 - rng.Int64N(disorder+1)
				count := randomCount(rng)
				count(lines[rng.IntN(3)].at(ns))
				for int64(len(plain)) <= max(ns, 0)/width {
					plain = append(plain, openBin{})
				}
				count(&plain[max(ns, 0)/width])
			}
			var want []Bin
			for i := range plain {
				want = append(want, plain[i].done())
			}
			got := mergeTimelines(lines, reserveBins())
			inOrder := cmpopts.SortSlices(func(a, b BinLoss) bool { return a.Class < b.Class })
			if diff := cmp.Diff(Bins{width, want}, got, inOrder); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// randomCount is the effect of one request on a bin; a few have a very large
// weight.
func randomCount(rng *rand.Rand) func(*openBin) {
	n, class, took := int64(1), NewClass(StageWait, Cause(1+rng.IntN(5))), rng.Int64N(1<<(10+rng.IntN(30)))
	if rng.IntN(1000) == 0 {
		n = math.MaxInt64 >> 20
	}
	switch rng.IntN(6) {
	case 0:
		return func(b *openBin) { b.Spoiled += n }
	case 1:
		return func(b *openBin) { b.Aborted += n }
	case 2:
		return func(b *openBin) { b.addLost(class, n) }
	case 3:
		return func(b *openBin) { b.Started += n }
	}
	return func(b *openBin) {
		b.Responded += n
		b.OK++
		b.sketch.record(took)
		b.sketch.Steps[0] += n
	}
}

// TestTimelineIsSmall limits the memory of closed bins, which grows with the run.
func TestTimelineIsSmall(t *testing.T) {
	var line timeline
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range int64(MaxBins * 100) {
		b := line.at(i * FirstBinWidth / 100)
		b.Started++
		b.Responded++
		b.OK++
		b.sketch.record(100_000 + rng.Int64N(2_000_000))
	}
	size := 0
	for _, chunk := range line.chunks {
		size += cap(chunk)
	}
	if perBin := float64(size) / MaxBins; perBin > 32 {
		t.Errorf("%.0f bytes per bin; want at most 32", perBin)
	}
}
