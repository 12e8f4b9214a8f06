package record_test

import (
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/recordtest"
)

// TestSnapshot: while workers run, no number ever decreases; when they have
// finished, the snapshot matches the run.
func TestSnapshot(t *testing.T) {
	r := record.NewRecorder(3)
	for _, name := range []string{"gw-0", "gw-1", "gw-2"} {
		r.Names.ID(name)
	}
	var workers sync.WaitGroup
	for i, s := range r.Shards {
		workers.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 0))
			for range 5000 {
				result := recordtest.Result(rng, 1_000_000_000)
				s.Start(result.Start)
				s.Finish(result)
			}
		})
	}
	done := make(chan struct{})
	go func() { workers.Wait(); close(done) }()
	last := r.Snapshot()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		s := r.Snapshot()
		if s.OK < last.OK || s.Started < last.Started || s.Latency.Count() < last.Latency.Count() || s.Started < s.Finished {
			t.Fatalf("%+v after %+v", s, last)
		}
		last = s
	}
	run := &record.Run{}
	r.Merge(run)
	classes := map[record.Class]int64{}
	for _, o := range run.Outcomes {
		if o.Class != 0 && o.Fate != record.FateOK.String() {
			classes[o.Class] += o.Count
		}
	}
	if c := run.Counts; last.OK != c.OK || last.Lost != c.Lost || last.Spoiled != c.Spoiled || last.Aborted != c.Aborted || last.Started != c.Started {
		t.Errorf("%+v; the run counts %+v", last, c)
	}
	if !maps.Equal(last.Classes, classes) || !maps.Equal(last.Statuses, run.Statuses) || last.Bytes != run.Bytes {
		t.Errorf("%+v; the run has %+v %+v", last, classes, run.Statuses)
	}
	if last.Latency.Count() != run.Latency.OK.Count+run.Latency.Unexpected.Count {
		t.Errorf("%d latencies; the run has %d and %d", last.Latency.Count(), run.Latency.OK.Count, run.Latency.Unexpected.Count)
	}
}
