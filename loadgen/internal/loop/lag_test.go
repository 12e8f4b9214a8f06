//go:build linux

package loop

import "testing"

// TestHandshakesAreOurs: time for which handshakes were computed is no part of
// what the target has had, and no stall on top of that.
func TestHandshakesAreOurs(t *testing.T) {
	const ms, limit = 1_000_000, 100_000_000
	var l lag
	l.beat(0, 0)
	q := newQueue(2, limit, &l)
	q.push(0, limit)
	l.add(60 * ms)
	if _, stood := l.beat(61*ms, 0); stood {
		t.Error("a turn of handshakes counts as a stall, too")
	}
	q.push(1, 61*ms+limit)
	for _, tt := range []struct {
		now  int64
		want int32
	}{{110 * ms, none}, {159 * ms, none}, {160 * ms, 0}, {160 * ms, none}, {161 * ms, 1}} {
		if got := q.due(tt.now); got != tt.want {
			t.Errorf("at %d ms, slot %d is due; want %d", tt.now/ms, got, tt.want)
		}
	}
	for _, tt := range []struct {
		end    int64
		before int64
		want   bool
	}{{99 * ms, 0, false}, {120 * ms, 0, true}, {159 * ms, 0, true}, {160 * ms, 0, false}, {120 * ms, 60 * ms, false}} {
		if got := l.ours(0, tt.end, limit, tt.before); got != tt.want {
			t.Errorf("ended at %d ms, begun after %d ms of handshakes: ours %t", tt.end/ms, tt.before/ms, got)
		}
	}
	l.add(1000 * ms) // a Shard that does nothing else: limits pass all the same
	if got, most := l.delayNow(0, limit, 0), int64(2*limit); got > most {
		t.Errorf("a limit of %d passes %d later; want %d at most", limit, got, most)
	}
}
