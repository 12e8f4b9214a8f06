package loadgen

import (
	"slices"
	"testing"
	"time"
)

func TestScheduleSpreadsWorkers(t *testing.T) {
	s := Schedule{Workers: 4, Rate: 10}
	var got []time.Duration
	for i := range 4 {
		got = append(got, s.First(i))
	}
	want := []time.Duration{0, 25 * time.Millisecond, 50 * time.Millisecond, 75 * time.Millisecond}
	if !slices.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
}

func TestScheduleNext(t *testing.T) {
	const ms = time.Millisecond
	tests := map[string]struct {
		rate     float64
		due, now time.Duration
		next     time.Duration
		skipped  int64
	}{
		"no rate: as soon as the answer is there": {0, 0, 7 * ms, 7 * ms, 0},
		"early: waits for its tick":               {10, 0, 7 * ms, 100 * ms, 0},
		"just in time":                            {10, 0, 100 * ms, 100 * ms, 0},
		"late: its tick is due at once":           {10, 0, 150 * ms, 100 * ms, 0},
		"later: keeps one tick, skips the rest":   {10, 0, 450 * ms, 400 * ms, 3},
		"keeps its place on the grid":             {10, 25 * ms, 449 * ms, 425 * ms, 3},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			next, skipped := Schedule{Workers: 1, Rate: tc.rate}.Next(tc.due, tc.now)
			if next != tc.next || skipped != tc.skipped {
				t.Errorf("got %v, %d skipped; want %v, %d", next, skipped, tc.next, tc.skipped)
			}
		})
	}
}

// TestScheduleRate: if responses are immediate, requests come at exactly the
// rate, evenly spaced.
func TestScheduleRate(t *testing.T) {
	s := Schedule{Workers: 200, Rate: 25}
	var times []time.Duration
	for i := range s.Workers {
		due := s.First(i)
		for due < time.Second {
			times = append(times, due)
			due, _ = s.Next(due, due)
		}
	}
	slices.Sort(times)
	if len(times) != 5000 {
		t.Fatalf("%d requests in a second; want 5000", len(times))
	}
	for i := 1; i < len(times); i++ {
		if gap := times[i] - times[i-1]; gap > 201*time.Microsecond {
			t.Fatalf("%v without a request at %v", gap, times[i])
		}
	}
}

func TestBudget(t *testing.T) {
	t.Run("requests", func(t *testing.T) {
		b := newBudget(3, 0)
		for i := range 3 {
			if !b.Take(0) {
				t.Fatalf("take %d refused", i)
			}
		}
		if b.Take(0) || b.planned() != 3 || b.unsent() != 0 {
			t.Errorf("planned %d unsent %d after the last", b.planned(), b.unsent())
		}
		select {
		case <-b.over:
		default:
			t.Error("not over")
		}
	})
	t.Run("ended early", func(t *testing.T) {
		b := newBudget(3, 0)
		b.Take(0)
		b.end()
		if b.Take(0) || b.planned() != 3 || b.unsent() != 2 {
			t.Errorf("planned %d unsent %d; want 3, 2", b.planned(), b.unsent())
		}
	})
	t.Run("duration", func(t *testing.T) {
		b := newBudget(1, time.Second)
		if !b.Take(0) || !b.Take(time.Second-1) || b.Take(time.Second) {
			t.Error("a duration ends at its end, not at n")
		}
		if b.planned() != 2 || b.unsent() != 0 {
			t.Errorf("planned %d unsent %d; want 2, 0", b.planned(), b.unsent())
		}
	})
	t.Run("held", func(t *testing.T) {
		b := newBudget(1, 0)
		b.held.Store(true)
		for range 2 {
			if !b.Take(0) {
				t.Error("a held budget ended")
			}
		}
		b.held.Store(false)
		if b.Take(0) || b.planned() != 2 {
			t.Errorf("planned %d; want 2", b.planned())
		}
	})
}
