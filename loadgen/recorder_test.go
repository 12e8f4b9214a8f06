package loadgen

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
)

// randomResult makes results of every fate.
func randomResult(rng *rand.Rand, span int64) *Result {
	start := rng.Int64N(span)
	r := &Result{Start: start, Connection: rng.Int64N(5), End: start + rng.Int64N(span/10) + 1, Endpoint: rng.IntN(4) - 1, Reused: rng.IntN(2) == 0}
	switch rng.IntN(6) {
	case 0:
		r.Fate, r.Class, r.Sample = FateLost, newClass(StageConnect, CauseRefused), "refused"
	case 1:
		r.Fate, r.Class, r.Status = FateLost, statusClass(503), 503
		r.Answer = fmt.Appendf(nil, "503\x00envoy\x00retry-after: %d\nvia: \xff\"\n\x00<body>\x00 %d", rng.IntN(2), rng.IntN(100))
	case 2:
		r.Fate, r.Class, r.Sample = FateSpoiled, newClass(StageClient, CausePorts), "ports"
	case 3:
		r.Fate = FateAborted
	default:
		r.Status, r.Bytes = 200, 10
	}
	return r
}

// TestMergeIsTheSameForAnySplit: how results fall to shards, and in which order
// they come, changes nothing.
func TestMergeIsTheSameForAnySplit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var results []*Result
	for range 3000 {
		results = append(results, randomResult(rng, 60_000_000_000)) // wide enough for bins to widen
	}
	var runs []*Run
	for _, shards := range []int{1, 2, 7} {
		r := newRecorder(shards)
		for i := range 3 {
			r.names.id(fmt.Sprintf("gw-%d", i))
		}
		rng.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
		for i, result := range results {
			s := r.shards[i%shards]
			s.start(result.Start)
			s.connected(max(0, result.Endpoint), result.Start)
			s.finish(result)
		}
		run := &Run{}
		r.merge(run)
		run.Counts.Planned = run.Counts.Started
		if err := run.Counts.Check(); err != nil {
			t.Fatal(err)
		}
		if run.Bins.Width != 2*firstBinWidth || len(run.Bins.List) > maxBins {
			t.Fatalf("bins %d × %d ns", len(run.Bins.List), run.Bins.Width)
		}
		runs = append(runs, run)
	}
	for _, run := range runs[1:] {
		if diff := cmp.Diff(asJSON(t, runs[0]), asJSON(t, run)); diff != "" {
			t.Error(diff)
		}
	}
}

func asJSON(t *testing.T, run *Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteRecording(&b, &Recording{Format: Format, Runs: []*Run{run}}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLostDetailsAreBounded(t *testing.T) {
	r := newRecorder(2)
	const extra = 10
	for i := range maxLostDetails + extra {
		s := r.shards[i%len(r.shards)]
		s.start(int64(i))
		s.finish(&Result{Start: int64(i), End: int64(i), Endpoint: -1, Fate: FateLost, Class: newClass(StageConnect, CauseRefused), Sample: "x"})
	}
	run := &Run{}
	r.merge(run)
	if len(run.Lost) != maxLostDetails || run.LostUntold != extra || run.Counts.Lost != maxLostDetails+extra {
		t.Errorf("%d told, %d untold, %d lost", len(run.Lost), run.LostUntold, run.Counts.Lost)
	}
	if run.Samples[0].Count != maxLostDetails+extra {
		t.Errorf("sample counted %d times", run.Samples[0].Count)
	}
}

func TestSamplesAreBounded(t *testing.T) {
	r := newRecorder(2)
	const n = maxSamples + 500
	for i := range n {
		s := r.shards[0]
		s.start(0)
		s.finish(&Result{Endpoint: -1, Fate: FateLost, Class: newClass(StageWait, CauseEOF), Sample: fmt.Sprint(i)})
	}
	run := &Run{}
	r.merge(run)
	var total int64
	for _, s := range run.Samples {
		total += s.Count
	}
	if len(run.Samples) > maxSamples+1 || total != n {
		t.Errorf("%d samples for %d requests", len(run.Samples), total)
	}
}

func TestEndpointNamesAreBounded(t *testing.T) {
	var names endpointNames
	for i := range maxEndpoints + 100 {
		names.id(fmt.Sprint(i))
	}
	if len(names.list) != maxEndpoints+1 || names.name(names.id("new")) != "(other endpoints)" {
		t.Errorf("%d names, the last %q", len(names.list), names.list[len(names.list)-1])
	}
}

func TestLatencyAgainstSortedValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var l Latency
	var values []int64
	for range 20_000 {
		ns := int64(rng.ExpFloat64() * 5e6)
		values = append(values, ns)
		l.Record(ns)
	}
	slices.Sort(values)
	if l.Min != values[0] || l.Max != values[len(values)-1] {
		t.Errorf("from %d to %d; want %d to %d", l.Min, l.Max, values[0], values[len(values)-1])
	}
	for _, p := range []float64{1, 50, 90, 99, 99.9} {
		want := values[int(p/100*float64(len(values)))-1]
		if got := l.Percentile(p); got < want-want/500-1000 || got > want+want/500+1000 {
			t.Errorf("p%v: got %d; want %d within 0.2 %% and 1 µs", p, got, want)
		}
	}
	var seen int64
	l.Each(func(_, n int64) { seen += n })
	if seen != int64(len(values)) {
		t.Errorf("Each met %d of %d", seen, len(values))
	}
}

func TestEmptyLatency(t *testing.T) {
	var l Latency
	l.Merge(&Latency{})
	if l.Mean() != 0 || l.Percentile(99) != 0 || l.hist != nil {
		t.Errorf("an empty latency is not empty: %+v", l)
	}
}

func TestClassTable(t *testing.T) {
	seen := map[Class]bool{}
	for _, info := range classTable {
		if seen[info.Class] || info.Processed == "" || info.Cause == "" || info.Remedy == "" {
			t.Errorf("%s: twice, or not told in full", info.Class)
		}
		seen[info.Class] = true
		text, _ := info.Class.MarshalText()
		var back Class
		if err := back.UnmarshalText(text); err != nil || back != info.Class {
			t.Errorf("%s reads back as %s: %v", text, back, err)
		}
	}
	for s := StageDNS; s <= StageBody; s++ {
		if !seen[newClass(s, CauseOther)] {
			t.Errorf("stage %s has no \"other\"", s)
		}
	}
	var c Class
	if err := c.UnmarshalText([]byte("status.503")); err != nil || c != statusClass(503) {
		t.Errorf("status.503 reads as %s: %v", c, err)
	}
	for _, bad := range []string{"connect", "wait.refusedly", "status.5", "body.ports"} {
		if err := c.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// fateful are results of every kind, for a shard's steady state.
var fateful = map[string]Result{
	"ok":         {Endpoint: -1, Fate: FateOK, Status: 200, Reused: true, Bytes: 612},
	"unexpected": {Endpoint: -1, Fate: FateLost, Class: statusClass(503), Status: 503, Answer: []byte("503\n")},
	"lost":       {Endpoint: -1, Fate: FateLost, Class: newClass(StageConnect, CauseRefused), Sample: "connection refused"},
	"spoiled":    {Endpoint: -1, Fate: FateSpoiled, Class: newClass(StageClient, CausePorts), Sample: "cannot assign requested address"},
	"aborted":    {Endpoint: -1, Fate: FateAborted},
}

// recordOne counts one request of the kind, a step after the last one.
func recordOne(s *shard, r *Result) {
	const step, took = 20_000, 700_000
	r.Start, r.End = r.Start+step, r.Start+step+took
	r.Phases = Phases{Send: 9_000, Wait: took - 20_000, Read: 11_000}
	s.start(r.Start)
	s.finish(r)
}

func TestRecordingAllocatesNothing(t *testing.T) {
	for name, r := range fateful {
		t.Run(name, func(t *testing.T) {
			s := newRecorder(1).shards[0]
			for range maxLostDetails + 1 { // and the time line has widened
				recordOne(s, &r)
			}
			if n := testing.AllocsPerRun(10_000, func() { recordOne(s, &r) }); n != 0 {
				t.Errorf("%v allocations per result; want none", n)
			}
		})
	}
}

func BenchmarkRecorder(b *testing.B) {
	for name, r := range fateful {
		b.Run(name, func(b *testing.B) {
			s := newRecorder(1).shards[0]
			recordOne(s, &r)
			b.ReportAllocs()
			for b.Loop() {
				recordOne(s, &r)
			}
		})
	}
}

// BenchmarkRecorderBins is what a bin takes of the memory while the run goes on,
// and after it.
func BenchmarkRecorderBins(b *testing.B) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for b.Loop() {
		before := heap()
		var line timeline
		for i := range int64(maxBins * 100) {
			bin := line.at(i * firstBinWidth / 100)
			bin.Started++
			bin.Answered++
			bin.OK++
			bin.Latency.record(100_000 + i*7919%2_000_000)
		}
		during := heap()
		merged := mergeTimelines([]*timeline{&line}, nil)
		after := heap()
		b.ReportMetric(float64(during-before)/maxBins, "B/bin-in-a-shard")
		b.ReportMetric(float64(after-during)/maxBins, "B/bin-in-the-run")
		runtime.KeepAlive(&line)
		runtime.KeepAlive(merged)
	}
}

// TestEachStep compares with the library's list.
func TestEachStep(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, h := range []*hdrhistogram.Histogram{
		hdrhistogram.New(1, histogramMax, 3), hdrhistogram.New(1, 100_000, 1), hdrhistogram.New(1000, histogramMax, 2), hdrhistogram.New(5, 1<<40, 5),
	} {
		for range 5000 {
			_ = h.RecordValue(rng.Int64N(1 << (1 + rng.IntN(32)))) // what is out of range is not in
		}
		var want, got [][2]int64
		for _, bar := range h.Distribution() {
			if bar.Count > 0 {
				want = append(want, [2]int64{bar.From, bar.Count})
			}
		}
		eachStep(h, func(from, count int64) { got = append(got, [2]int64{from, count}) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// TestSamplesKeepClassesApart: a reset has the same text wherever it strikes,
// and is still counted under its own class.
func TestSamplesKeepClassesApart(t *testing.T) {
	r := newRecorder(1)
	const text = "read: connection reset by peer"
	classes := []Class{newClass(StageWait, CauseReset), newClass(StageBody, CauseReset)}
	for i := range 6 {
		r.shards[i%len(r.shards)].finish(&Result{Endpoint: -1, Fate: FateLost, Class: classes[i%2], Sample: text})
	}
	run := &Run{}
	r.merge(run)
	got := map[Class]int64{}
	for _, s := range run.Samples {
		got[s.Class] += s.Count
	}
	if len(run.Samples) != 2 || got[classes[0]] != 3 || got[classes[1]] != 3 {
		t.Errorf("got %+v; want 3 of each class", run.Samples)
	}
	for _, l := range run.Lost {
		if s := run.Samples[l.Sample]; s.Class != l.Class {
			t.Errorf("a request lost as %s points at a sample of %s", l.Class, s.Class)
		}
	}
}
