package loadgen

import (
	"testing"
	"time"

	"nodrop/loadgen/internal/stall"
)

// TestStallNotes: a run's notes about times in which nodrop did not run.
func TestStallNotes(t *testing.T) {
	span := func(begin, end time.Duration) stall.Span { return stall.Span{Begin: int64(begin), End: int64(end)} }
	for _, tt := range []struct {
		name    string
		spans   []stall.Span
		spoiled int64
		want    string
	}{
		{"none", nil, 0, ""},
		{"as on any busy machine", []stall.Span{span(time.Second, 1400*time.Millisecond)}, 0, ""},
		{
			"that spoiled nothing",
			[]stall.Span{span(time.Second, 2*time.Second)},
			0,
			"nodrop did not run for 1.0 s, starting 1.0 s into the load (stopped, suspended, short of CPU time, or busy with other responses): responses from that time look slower than they were",
		},
		{
			"that spoiled one request",
			[]stall.Span{span(0, 30*time.Millisecond)},
			1,
			"nodrop did not run for 30 ms, starting 0 ms into the load (stopped, suspended, short of CPU time, or busy with other responses): 1 request that timed out because of it is spoiled (client.stalled), not lost",
		},
		{
			"that spoiled many",
			[]stall.Span{span(1500*time.Millisecond, 4500*time.Millisecond)},
			40,
			"nodrop did not run for 3.0 s, starting 1.5 s into the load (stopped, suspended, short of CPU time, or busy with other responses): 40 requests that timed out because of it are spoiled (client.stalled), not lost",
		},
		{
			"two",
			[]stall.Span{span(0, 1*time.Second), span(2*time.Second, 4*time.Second)},
			2,
			"nodrop did not run for 2.0 s, starting 2.0 s into the load, and once more for 1.0 s (stopped, suspended, short of CPU time, or busy with other responses): 2 requests that timed out because of it are spoiled (client.stalled), not lost",
		},
		{
			"many",
			[]stall.Span{span(0, 1*time.Second), span(2*time.Second, 4*time.Second), span(5*time.Second, 5050*time.Millisecond)},
			2,
			"nodrop did not run for 2.0 s, starting 2.0 s into the load, and 2 more times for 1.1 s in total (stopped, suspended, short of CPU time, or busy with other responses): 2 requests that timed out because of it are spoiled (client.stalled), not lost",
		},
		{
			"one, as two threads saw it",
			[]stall.Span{span(1500*time.Millisecond, 4500*time.Millisecond), span(1490*time.Millisecond, 4501*time.Millisecond)},
			2,
			"nodrop did not run for 3.0 s, starting 1.5 s into the load (stopped, suspended, short of CPU time, or busy with other responses): 2 requests that timed out because of it are spoiled (client.stalled), not lost",
		},
	} {
		var s stalls
		for _, span := range tt.spans {
			s.Add(span)
		}
		if got := s.note(tt.spoiled); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// TestSuspension: when a machine is suspended, the clock that deadlines use
// stops.
func TestSuspension(t *testing.T) {
	var now, slow time.Duration
	s := stalls{now: func() int64 { return int64(now) }, slow: func() int64 { return int64(slow) }}
	step := func(clock, behind time.Duration) {
		now, slow = now+clock, slow+behind
		s.beat()
		s.lookForSuspension()
	}
	step(time.Millisecond, 0)
	step(5*time.Millisecond, time.Microsecond) // two clocks cannot be read at the same instant
	if got := s.suspensionNote(); got != "" {
		t.Errorf("got %q; want nothing", got)
	}
	step(5*time.Millisecond, time.Hour)
	const what = ": -t does not count that time, but requests in flight then may have been lost because of it"
	if got, want := s.suspensionNote(), "this machine was suspended for 3600.0 s, 11 ms into the load"+what; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
	step(time.Millisecond, 2*time.Hour)
	if got, want := s.suspensionNote(), "this machine was suspended for 7200.0 s, 12 ms into the load, the longest of 2 suspensions"+what; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
	if s.Ours(0, int64(now), int64(time.Millisecond)) {
		t.Error("a deadline passed while the machine was suspended")
	}
}
