package record

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

func TestLostDetailsAreBounded(t *testing.T) {
	r := NewRecorder(2)
	const extra = 10
	for i := range MaxLostDetails + extra {
		s := r.Shards[i%len(r.Shards)]
		s.Start(int64(i))
		s.Finish(&Result{Start: int64(i), End: int64(i), Endpoint: -1, Fate: FateLost, Class: NewClass(StageConnect, CauseRefused), Sample: "x"})
	}
	run := &Run{}
	r.Merge(run)
	if len(run.Lost) != MaxLostDetails || run.LostUnlisted != extra || run.Counts.Lost != MaxLostDetails+extra {
		t.Errorf("%d listed, %d unlisted, %d lost", len(run.Lost), run.LostUnlisted, run.Counts.Lost)
	}
	if run.Samples[0].Count != MaxLostDetails+extra {
		t.Errorf("sample counted %d times", run.Samples[0].Count)
	}
}

func TestSamplesAreBounded(t *testing.T) {
	r := NewRecorder(2)
	const n = MaxSamples + 500
	for i := range n {
		s := r.Shards[0]
		s.Start(0)
		s.Finish(&Result{Endpoint: -1, Fate: FateLost, Class: NewClass(StageWait, CauseEOF), Sample: fmt.Sprint(i)})
	}
	run := &Run{}
	r.Merge(run)
	var total int64
	for _, s := range run.Samples {
		total += s.Count
	}
	if len(run.Samples) > MaxSamples+1 || total != n {
		t.Errorf("%d samples for %d requests", len(run.Samples), total)
	}
}

func TestEndpointNamesAreBounded(t *testing.T) {
	var names EndpointNames
	for i := range MaxEndpoints + 100 {
		names.ID(fmt.Sprint(i))
	}
	if len(names.list) != MaxEndpoints+1 || names.Name(names.ID("new")) != "(other endpoints)" {
		t.Errorf("%d names, the last %q", len(names.list), names.list[len(names.list)-1])
	}
}

// TestEndpointsRespond: a whole response shows that its endpoint responds, also
// one that is rejected for what it consists of.
func TestEndpointsRespond(t *testing.T) {
	for class, want := range map[Class]bool{
		0: true, StatusClass(502): true, NewClass(StageBody, CauseRejected): true,
		NewClass(StageBody, CauseEOF): false, NewClass(StageBody, CauseOther): false, NewClass(StageTLS, CauseRejected): false, NewClass(StageClient, CauseStalled): false,
	} {
		r := NewRecorder(1)
		fate := FateLost
		switch {
		case class == 0:
			fate = FateOK
		case class.Spoiled():
			fate = FateSpoiled
		}
		r.Shards[0].Start(3)
		r.Shards[0].Finish(&Result{Start: 3, End: 7, Endpoint: r.Names.ID("gw-1"), Fate: fate, Class: class})
		run := &Run{}
		r.Merge(run)
		at := int64(-1)
		if want {
			at = 7
		}
		if e := run.Endpoints[0]; e.FirstResponse != at || e.LastResponse != at {
			t.Errorf("%q: responses at %d and %d; want %d", class, e.FirstResponse, e.LastResponse, at)
		}
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
		t.Errorf("Each visited %d of %d", seen, len(values))
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
	for _, info := range slices.Concat(classTable, statusTable) {
		if seen[info.Class] || info.Means == "" || info.Processed == "" || info.Cause == "" || info.Remedy == "" {
			t.Errorf("%s: duplicate, or incomplete", info.Class)
		}
		seen[info.Class] = true
		text, _ := info.Class.MarshalText()
		var back Class
		if err := back.UnmarshalText(text); err != nil || back != info.Class {
			t.Errorf("%s reads back as %s: %v", text, back, err)
		}
	}
	for s := StageDNS; s <= StageBody; s++ {
		if !seen[NewClass(s, CauseOther)] {
			t.Errorf("stage %s has no \"other\"", s)
		}
	}
	var c Class
	if err := c.UnmarshalText([]byte("status.503")); err != nil || c != StatusClass(503) {
		t.Errorf("status.503 reads as %s: %v", c, err)
	}
	for _, bad := range []string{"connect", "wait.refusedly", "status.5", "body.ports"} {
		if err := c.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// fateful holds one result of every fate, for measuring a shard's steady state.
var fateful = map[string]Result{
	"ok":         {Endpoint: -1, Fate: FateOK, Status: 200, Reused: true, Bytes: 612},
	"unsized":    {Endpoint: -1, Fate: FateOK, Status: 200, Reused: true, Bytes: 612, Unsized: true},
	"turned":     {Endpoint: -1, Fate: FateOK, Class: NewClass(StageWait, CauseGoaway), Reused: true, Sample: "GOAWAY"},
	"unexpected": {Endpoint: -1, Fate: FateLost, Class: StatusClass(503), Status: 503, Response: []byte("503\n")},
	"lost":       {Endpoint: -1, Fate: FateLost, Class: NewClass(StageConnect, CauseRefused), Sample: "connection refused"},
	"spoiled":    {Endpoint: -1, Fate: FateSpoiled, Class: NewClass(StageClient, CausePorts), Sample: "cannot assign requested address"},
	"aborted":    {Endpoint: -1, Fate: FateAborted},
}

// recordOne counts one request that begins one step after the last.
func recordOne(s *Tally, r *Result) {
	const step, took = 20_000, 700_000
	r.Start, r.End = r.Start+step, r.Start+step+took
	r.Phases = Phases{Send: 9_000, Wait: took - 20_000, Read: 11_000}
	s.Start(r.Start)
	s.Finish(r)
}

func TestRecordingAllocatesNothing(t *testing.T) {
	for name, r := range fateful {
		t.Run(name, func(t *testing.T) {
			s := NewRecorder(1).Shards[0]
			for range MaxLostDetails + 1 { // the time line has widened as well
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
			s := NewRecorder(1).Shards[0]
			recordOne(s, &r)
			b.ReportAllocs()
			for b.Loop() {
				recordOne(s, &r)
			}
		})
	}
}

// BenchmarkRecorderBins measures the memory of a bin during the run and after it.
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
		for i := range int64(MaxBins * 100) {
			bin := line.at(i * FirstBinWidth / 100)
			bin.Started++
			bin.Responded++
			bin.OK++
			bin.sketch.record(100_000 + i*7919%2_000_000)
		}
		during := heap()
		merged := mergeTimelines([]*timeline{&line}, nil)
		after := heap()
		b.ReportMetric(float64(during-before)/MaxBins, "B/bin-in-a-shard")
		b.ReportMetric(float64(after-during)/MaxBins, "B/bin-in-the-run")
		runtime.KeepAlive(&line)
		runtime.KeepAlive(merged)
	}
}

// TestSamplesKeepClassesApart: a reset has the same text in every class, but is
// counted in its own class.
func TestSamplesKeepClassesApart(t *testing.T) {
	r := NewRecorder(1)
	const text = "read: connection reset by peer"
	classes := []Class{NewClass(StageWait, CauseReset), NewClass(StageBody, CauseReset)}
	for i := range 6 {
		r.Shards[i%len(r.Shards)].Finish(&Result{Endpoint: -1, Fate: FateLost, Class: classes[i%2], Sample: text})
	}
	run := &Run{}
	r.Merge(run)
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
