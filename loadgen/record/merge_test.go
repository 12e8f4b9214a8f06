package record_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/recordtest"
)

// TestMergeIsTheSameForAnySplit: how results fall to shards, and in which order
// they come, changes nothing.
func TestMergeIsTheSameForAnySplit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var results []*record.Result
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
		run := &record.Run{}
		r.Merge(run)
		run.Counts.Planned = run.Counts.Started
		if err := run.Counts.Check(); err != nil {
			t.Fatal(err)
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
