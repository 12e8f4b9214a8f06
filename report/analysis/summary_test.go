package analysis

import (
	"fmt"
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/report/reporttest"
)

// TestDistributionsAddUp: hey's part counts every started request exactly once,
// by status or by error.
func TestDistributionsAddUp(t *testing.T) {
	for _, f := range reporttest.Fixtures {
		t.Run(f.Name, func(t *testing.T) {
			for i, run := range f.Build(t).Runs {
				r := Of(run)
				var statuses, errors int64
				for _, s := range r.Summary.Statuses {
					statuses += s.Count
				}
				for _, e := range r.Summary.Errors {
					errors += e.Count
				}
				if got, want := statuses+errors, r.Run.Counts.Started; got != want {
					t.Errorf("run %d: got %d statuses + %d errors; want %d started", i, statuses, errors, want)
				}
				if statuses != r.Summary.Responded {
					t.Errorf("run %d: got %d statuses; want %d answered", i, statuses, r.Summary.Responded)
				}
				var rows int64
				for _, b := range r.Summary.Histogram {
					rows += b.Count
				}
				if rows != r.Summary.Responded {
					t.Errorf("run %d: got %d in the histogram; want %d answered", i, rows, r.Summary.Responded)
				}
			}
		})
	}
}

// heyHistogram is hey's algorithm on sorted raw latencies, in seconds.
func heyHistogram(sorted []float64) []Bucket {
	const bars = 10
	fastest, slowest := sorted[0], sorted[len(sorted)-1]
	buckets := make([]Bucket, bars+1)
	for i := range bars {
		buckets[i].Mark = fastest + (slowest-fastest)/bars*float64(i)
	}
	buckets[bars].Mark = slowest
	bucket := 0
	for i := 0; i < len(sorted); {
		if sorted[i] <= buckets[bucket].Mark {
			buckets[bucket].Count++
			i++
		} else if bucket < bars {
			bucket++
		}
	}
	return buckets
}

func latencyOf(raw []int64) *record.Latency {
	l := &record.Latency{}
	for _, ns := range raw {
		l.Record(ns)
	}
	return l
}

func sortedSeconds(raw []int64) []float64 {
	list := make([]float64, len(raw))
	for i, ns := range raw {
		list[i] = float64(ns) / 1e9
	}
	slices.Sort(list)
	return list
}

// TestHistogramIsHeys: latencies that the recording stores exactly (whole µs
// below 2,048) give exactly hey's rows.
func TestHistogramIsHeys(t *testing.T) {
	for seed := range int64(50) {
		rng := rand.New(rand.NewSource(seed))
		// 1,237 µs from fastest to slowest: only the first and the last mark
		// are whole µs, so no latency lies on another mark.
		raw := []int64{150 * us, (150 + 1237) * us}
		for range rng.Intn(500) {
			raw = append(raw, (150+rng.Int63n(1238))*us)
		}
		want, got := heyHistogram(sortedSeconds(raw)), histogram(latencyOf(raw))
		if len(got) != len(want) {
			t.Fatalf("seed %d: got %d rows; want %d", seed, len(got), len(want))
		}
		for i := range want {
			if got[i].Count != want[i].Count || math.Abs(got[i].Mark-want[i].Mark) > 1e-9 {
				t.Errorf("seed %d, row %d: got %v; want %v", seed, i, got[i], want[i])
			}
		}
	}
}

// samples are latency distributions like those of real services.
func samples(rng *rand.Rand, n int) map[string][]int64 {
	kinds := map[string]func() int64{
		"even":   func() int64 { return ms + rng.Int63n(100*ms) },
		"skewed": func() int64 { return int64(float64(2*ms) * math.Exp(rng.NormFloat64())) },
		"two-fold": func() int64 {
			return []int64{ms, 900 * ms}[rng.Intn(2)] + rng.Int63n(ms)
		},
		"equal": func() int64 { return 12_345_678 },
		"short": func() int64 { return 40*us + rng.Int63n(20*us) },
		"long":  func() int64 { return rng.Int63n(20_000 * ms) },
	}
	all := map[string][]int64{}
	for _, name := range []string{"even", "skewed", "two-fold", "equal", "short", "long"} {
		for range n {
			all[name] = append(all[name], kinds[name]())
		}
	}
	return all
}

func eachSample(t *testing.T, f func(t *testing.T, raw []int64)) {
	t.Helper()
	for _, n := range []int{1, 2, 3, 10, 11, 100, 999, 5000} {
		for name, raw := range samples(rand.New(rand.NewSource(int64(n))), n) {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) { f(t, raw) })
		}
	}
}

// TestHistogramHasTheFastest: hey's first row counts the fastest latency, even
// if the recording's bucket begins above it.
func TestHistogramHasTheFastest(t *testing.T) {
	rows := histogram(latencyOf([]int64{150_700, 300 * us, 900 * us}))
	if got := rows[0]; got.Count != 1 || got.Mark != 150_700e-9 {
		t.Errorf("got first row %v; want 1 up to 150.7 µs", got)
	}
}

// TestHistogramWithinResolution: the limit of a row may move by the recording's
// resolution of three digits, and by rounding to half a µs.
func TestHistogramWithinResolution(t *testing.T) {
	eachSample(t, func(t *testing.T, raw []int64) {
		sorted := sortedSeconds(raw)
		below := func(mark float64) (n int64) {
			for _, l := range sorted {
				if l <= mark {
					n++
				}
			}
			return n
		}
		var got int64
		want := heyHistogram(sorted)
		for i, b := range histogram(latencyOf(raw)) {
			got += b.Count
			low, high := below(b.Mark*0.999-1e-6), below(b.Mark*1.001+1e-6)
			if got < low || got > high {
				t.Errorf("row %d: got %d latencies up to %v; want %d to %d", i, got, b.Mark, low, high)
			}
			if math.Abs(b.Mark-want[i].Mark) > 1e-9 {
				t.Errorf("row %d: got mark %v; want %v", i, b.Mark, want[i].Mark)
			}
		}
		if got != int64(len(raw)) {
			t.Errorf("got %d in all rows; want %d", got, len(raw))
		}
	})
}

func TestPercentiles(t *testing.T) {
	eachSample(t, func(t *testing.T, raw []int64) {
		run := &record.Run{Latency: record.Latencies{OK: *latencyOf(raw)}}
		sorted, n := sortedSeconds(raw), len(raw)
		last := 0.0
		for _, p := range summarize(run).Percentiles {
			rank := max(1, (p.Percent*n+50)/100)
			want := sorted[rank-1]
			near := func(want float64) bool { return math.Abs(p.Latency-want) <= want/1000+1e-6 }
			// Exactly between two ranks, either is right.
			tie := rank > 1 && (p.Percent*n+50)%100 == 0 && near(sorted[rank-2])
			if !near(want) && !tie {
				t.Errorf("p%d: got %v; want %v, the %d. of %d", p.Percent, p.Latency, want, rank, n)
			}
			if p.Latency < last || p.Latency < sorted[0] || p.Latency > sorted[n-1] {
				t.Errorf("p%d: got %v; want it from %v to %v and not below %v", p.Percent, p.Latency, sorted[0], sorted[n-1], last)
			}
			last = p.Latency
		}
	})
}

func TestSummary(t *testing.T) {
	list := []reporttest.Request{
		{Start: 0, End: 10 * ms, Endpoint: "gw-1", Status: 200, Bytes: 100},
		{Start: 10 * ms, End: 30 * ms, Endpoint: "gw-1", Reused: true, Status: 301, Bytes: 50},
		{Start: 30 * ms, End: 90 * ms, Fate: record.FateLost, Class: "status.503", Endpoint: "gw-1", Reused: true, Status: 503, Bytes: 9},
		reporttest.Lost(100*ms, 100*ms+10*us, "connect.refused", "gw-1", "b"),
		reporttest.Lost(110*ms, 110*ms+10*us, "connect.refused", "gw-1", "a"),
		reporttest.Lost(120*ms, 120*ms+10*us, "wait.eof", "gw-1", "c"),
		reporttest.Lost(130*ms, 130*ms+10*us, "wait.eof", "gw-1", "c"),
		reporttest.Lost(140*ms, 140*ms+10*us, "body.eof", "gw-1", "c"),
		{Start: 150 * ms, End: 200 * ms, Fate: record.FateAborted, Endpoint: "gw-1"},
	}
	got := summarize(reporttest.NewRun(t, list))
	want := Summary{
		Total: 0.2, Slowest: 0.06, Fastest: 0.01, Average: 0.03, PerSecond: 40,
		Responded: 3, TotalBytes: 159, BytesPerRequest: 53,
		Statuses: []StatusCount{{200, 1}, {301, 1}, {503, 1}},
		Errors: []ErrorCount{
			{Text: "c", Count: 3}, // of two classes
			{Text: "a", Count: 1},
			{Text: "aborted: in flight when the run was stopped", Count: 1},
			{Text: "b", Count: 1},
		},
	}
	got.Histogram, got.Percentiles, got.Phases = nil, nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary differs (- want, + got)\n%s", diff)
	}
}

// TestSummaryOfNothing: without responses there are no figures and no division
// by zero.
func TestSummaryOfNothing(t *testing.T) {
	for name, list := range map[string][]reporttest.Request{
		"nothing started": nil,
		"all lost":        {reporttest.Lost(0, ms, "connect.refused", "gw-1", reporttest.RefusedText)},
		"all aborted":     {{Start: 0, End: ms, Fate: record.FateAborted}},
	} {
		t.Run(name, func(t *testing.T) {
			s := summarize(reporttest.NewRun(t, list))
			if s.Responded != 0 || s.Histogram != nil || s.Percentiles != nil || s.BytesPerRequest != 0 {
				t.Errorf("got %+v; want no figures", s)
			}
			for _, f := range []float64{s.Average, s.PerSecond, s.Fastest, s.Slowest} {
				if math.IsNaN(f) || math.IsInf(f, 0) {
					t.Errorf("got %v; want a number", f)
				}
			}
		})
	}
}
