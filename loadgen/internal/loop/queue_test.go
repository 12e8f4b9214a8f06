//go:build linux

package loop

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"nodrop/loadgen/internal/stall"
)

func TestQueue(t *testing.T) {
	const slots = 50
	rng := rand.New(rand.NewPCG(1, 2))
	q := newQueue(slots, 0, &lag{})
	want := []tick{} // in order
	var now int64
	for range 10_000 {
		slot := int32(rng.IntN(slots))
		i := slices.IndexFunc(want, func(w tick) bool { return w.slot == slot })
		if i < 0 {
			now += rng.Int64N(3)
			q.push(slot, now+100)
			want = append(want, tick{now + 100, slot})
		} else {
			q.remove(slot)
			q.remove(slot) // a second remove changes nothing
			want = slices.Delete(want, i, i+1)
		}
		if rng.IntN(10) == 0 {
			for len(want) > 0 && want[0].at <= now+50 {
				if got := q.due(now + 50); got != want[0].slot {
					t.Fatalf("slot %d is due; want %d", got, want[0].slot)
				}
				want = want[1:]
			}
			if got := q.due(now + 50); got != none {
				t.Fatalf("slot %d is due; want none", got)
			}
		}
		at, ok := q.next()
		if ok != (len(want) > 0) || ok && at != want[0].at {
			t.Fatalf("next at %d, %t; want %v", at, ok, want)
		}
	}
}

func TestAgenda(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var a agenda
	var want []tick
	for slot := range int32(1000) {
		at := rng.Int64N(500)
		a.push(slot, at)
		want = append(want, tick{at, slot})
	}
	slices.SortFunc(want, func(x, y tick) int { return cmp.Compare(x.at, y.at) })
	met := map[int32]bool{}
	for _, w := range want {
		if at, ok := a.next(); !ok || at != w.at {
			t.Fatalf("next at %d, %t; want %d", at, ok, w.at)
		}
		if w.at > 0 {
			if slot := a.due(w.at - 1); slot != none {
				t.Fatalf("slot %d is due too early", slot)
			}
		}
		slot := a.due(w.at)
		if slot == none || met[slot] {
			t.Fatalf("slot %d is due", slot)
		}
		met[slot] = true
	}
	if _, ok := a.next(); ok {
		t.Error("popped more than was pushed")
	}
}

func TestLine(t *testing.T) {
	l := newLine(3)
	for round := range int32(10) {
		l.push(round)
		l.push(round + 1)
		if a, b := l.pop(), l.pop(); a != round || b != round+1 || l.count != 0 {
			t.Errorf("got %d, %d, %d left", a, b, l.count)
		}
	}
}

// TestQueueStalled: a deadline passes later by as much as the Shard stood still
// since the deadline was set.
func TestQueueStalled(t *testing.T) {
	const limit = 1000
	var lag lag
	q := newQueue(3, limit, &lag)
	q.push(0, 0+limit)
	q.push(1, 500+limit)
	lag.Add(stall.Span{Begin: 600, End: 2600})
	q.push(2, 2600+limit)
	for slot, at := range []int64{3000, 3500, 3600} {
		if next, ok := q.next(); !ok || next != at {
			t.Errorf("next is %d; want %d", next, at)
		}
		if got := q.due(at - 1); got != none {
			t.Errorf("%d is due before %d", got, at)
		}
		if got := q.due(at); got != int32(slot) {
			t.Errorf("%d is due at %d; want %d", got, at, slot)
		}
	}
}
