package record_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/ledger"
	"nodrop/loadgen/record/recordtest"
)

// TestMergeIsTheSameForAnySplit: the merge does not depend on how results are
// spread over shards, or on their order.
func TestMergeIsTheSameForAnySplit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var results []*record.Result
	var connections []*ledger.Connection
	for range 50 {
		connections = append(connections, recordtest.Connection(rng))
	}
	for range 3000 {
		results = append(results, recordtest.Result(rng, 60_000_000_000)) // wide enough for bins to widen
	}
	var runs []*record.Run
	for _, shards := range []int{1, 2, 7} {
		r := record.NewRecorder(shards)
		for i := range 3 {
			r.Names.ID(fmt.Sprintf("gw-%d", i))
		}
		rng.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
		for i, result := range results {
			s := r.Shards[i%shards]
			s.Start(result.Start)
			s.Connected(max(0, result.Endpoint), result.Start)
			s.Finish(result)
		}
		rng.Shuffle(len(connections), func(i, j int) { connections[i], connections[j] = connections[j], connections[i] })
		for i, c := range connections {
			r.Shards[i%shards].EndHTTP2(c)
		}
		run := &record.Run{}
		r.Merge(run)
		run.Counts.Planned = run.Counts.Started
		if err := run.Counts.Check(); err != nil {
			t.Fatal(err)
		}
		responses := int64(0)
		for _, n := range run.Statuses {
			responses += n
		}
		for _, s := range run.Samples { // of requests without a response, also of those that are ok
			responses += s.Count
		}
		if c := run.Counts; responses != c.Started-c.Aborted {
			t.Fatalf("%d by status and error text; %+v", responses, c)
		}
		if run.Bins.Width != 2*record.FirstBinWidth || len(run.Bins.List) > record.MaxBins {
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

func asJSON(t *testing.T, run *record.Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := record.Write(&b, &record.Recording{Format: record.Format, Runs: []*record.Run{run}}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestMergeOfRuns: if results are spread over several recorders, whose runs
// begin later than the first, the merge is byte for byte the run of a single
// recorder.
func TestMergeOfRuns(t *testing.T) {
	const span = 60_000_000_000 // in ns; bins are then 10 ms wide
	rng := rand.New(rand.NewPCG(3, 4))
	var results []*record.Result
	for i := range 5000 {
		r := recordtest.Result(rng, span)
		if r.Sample != "" {
			r.Sample += fmt.Sprint(i % 40)
		}
		results = append(results, r)
	}
	want := recorded(t, results, 0)
	for _, workers := range []int{2, 3, 8} {
		shares := make([][]*record.Result, workers)
		offsets := make([]int64, workers)
		for i := range offsets[1:] {
			offsets[i+1] = 80_000_000 * rng.Int64N(60) // whole bins, and whole slots of Lengths
		}
		for _, result := range results {
			i := rng.IntN(workers)
			if result.Start < offsets[i] {
				i = 0
			}
			shares[i] = append(shares[i], result)
		}
		got := recorded(t, shares[0], 0)
		var parts []record.Part
		for i := 1; i < workers; i++ {
			parts = append(parts, record.Part{Run: recorded(t, shares[i], offsets[i]), Offset: offsets[i]})
		}
		before := asJSON(t, parts[0].Run)
		if err := got.Merge(parts...); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(asJSON(t, want), asJSON(t, got)); diff != "" {
			t.Errorf("%d workers (-one recorder +merge):\n%s", workers, diff)
		}
		if asJSON(t, parts[0].Run) != before {
			t.Error("a part was changed")
		}
	}
}

// recorded is the run of a recorder that began at offset, in ns.
func recorded(t *testing.T, results []*record.Result, offset int64) *record.Run {
	t.Helper()
	r := record.NewRecorder(2)
	for i := range 3 {
		r.Names.ID(fmt.Sprintf("gw-%d", i))
	}
	for i, result := range results {
		own := *result
		own.Start, own.End = own.Start-offset, own.End-offset
		s := r.Shards[i%2]
		s.Start(own.Start)
		s.Connected(max(0, own.Endpoint), own.Start)
		s.Finish(&own)
		if result.Start%7 == 0 {
			c := recordtest.Connection(rand.New(rand.NewPCG(uint64(result.Start), 0)))
			c.Opened, c.At = result.Start+c.Opened-offset, result.Start+c.At-offset
			s.EndHTTP2(c)
		}
	}
	run := &record.Run{Marks: []record.Mark{}, Duration: 90_000_000_000 - offset}
	r.Merge(run)
	run.Counts.Planned = run.Counts.Started
	return run
}

// TestMergeKeepsItsBounds: merged runs keep within the limits of a single
// recorder, and no request is missing from the counts.
func TestMergeKeepsItsBounds(t *testing.T) {
	var parts []record.Part
	const each = 60_000
	for worker := range 2 {
		r := record.NewRecorder(1)
		for i := range each {
			start := int64(i)*1000 + int64(worker)
			r.Shards[0].Start(start)
			r.Shards[0].Finish(&record.Result{
				Start: start, End: start, Endpoint: r.Names.ID(fmt.Sprintf("gw-%d-%d", worker, i%6000)), Fate: record.FateLost, Connection: int64(i + 1),
				Class: record.NewClass(record.StageConnect, record.CauseRefused), Sample: fmt.Sprintf("refused %d-%03d", worker, i%900),
			})
		}
		run := &record.Run{}
		r.Merge(run)
		run.Counts.Planned = run.Counts.Started
		parts = append(parts, record.Part{Run: run, Connection: int64(worker) * each})
	}
	run := parts[0].Run
	if err := run.Merge(parts[1:]...); err != nil {
		t.Fatal(err)
	}
	if c := run.Counts; c.Lost != 2*each {
		t.Errorf("%+v", c)
	}
	if n := int64(len(run.Lost)) + run.LostUnlisted; len(run.Lost) != record.MaxLostDetails || n != 2*each {
		t.Errorf("%d listed, %d in total", len(run.Lost), n)
	}
	if len(run.Samples) != record.MaxSamples+1 || len(run.Endpoints) != record.MaxEndpoints+1 {
		t.Errorf("%d samples, %d endpoints", len(run.Samples), len(run.Endpoints))
	}
	var samples, outcomes int64
	for _, s := range run.Samples {
		samples += s.Count
	}
	for _, o := range run.Outcomes {
		outcomes += o.Count
	}
	if samples != 2*each || outcomes != 2*each {
		t.Errorf("%d requests by sample, %d by outcome", samples, outcomes)
	}
	seen := map[int64]bool{}
	for _, l := range run.Lost {
		if seen[l.Connection] {
			t.Fatalf("connection %d occurs twice", l.Connection)
		}
		seen[l.Connection] = true
	}
	if err := run.Validate(); err != nil {
		t.Error(err)
	}
}

// TestMergeChecksTheSum: merging does not hide a broken identity.
func TestMergeChecksTheSum(t *testing.T) {
	run := &record.Run{}
	err := run.Merge(record.Part{Run: &record.Run{Counts: record.Counts{Planned: 3, Started: 3, OK: 2}}})
	if err == nil {
		t.Error("3 started, 2 ok: no error")
	}
}
