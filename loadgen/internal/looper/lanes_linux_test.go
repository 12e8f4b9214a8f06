package looper

import (
	"testing"

	"nodrop/loadgen/internal/engine"
)

// TestLanes: every worker is the slot of one lane, and those that share a
// connection are in the same one.
func TestLanes(t *testing.T) {
	for _, c := range []struct{ workers, streams, lanes int }{
		{1, 0, 1}, {50, 0, 2}, {51, 0, 4}, {200, 20, 2}, {50, 100, 1}, {250, 100, 3}, {201, 20, 2}, {7, 3, 3}, {99, 10, 4},
	} {
		j := &engine.Job{Workers: c.workers}
		j.Streams = c.streams
		together := max(1, c.streams)
		seen, laneOf := make([]bool, c.workers), map[int]int{}
		for lane := range c.lanes {
			d := &driver{job: j, lane: lane, lanes: c.lanes}
			for slot := range slotsOf(j, lane, c.lanes) {
				w := d.worker(slot)
				if w >= c.workers || seen[w] {
					t.Fatalf("%+v: slot %d of lane %d is worker %d", c, slot, lane, w)
				}
				seen[w] = true
				if other, ok := laneOf[w/together]; ok && other != lane {
					t.Fatalf("%+v: worker %d is in lane %d, others of its connection in %d", c, w, lane, other)
				}
				laneOf[w/together] = lane
			}
		}
		for w, ok := range seen {
			if !ok {
				t.Errorf("%+v: worker %d is in no lane", c, w)
			}
		}
	}
}
