package stall

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ms = 1_000_000

func TestBeat(t *testing.T) {
	var w Watch
	for _, beat := range []struct {
		now, rest int64
		want      *Span
	}{
		{1000 * ms, 0, nil}, // nothing is known about the time before
		{1010 * ms, 0, nil},
		{1040 * ms, 10 * ms, nil},                         // 20 ms late
		{1071 * ms, 10 * ms, &Span{1040 * ms, 1071 * ms}}, // and 1 ms more
		{1072 * ms, 0, nil},
		{4072 * ms, 10 * ms, &Span{1072 * ms, 4072 * ms}},
		{4072 * ms, 0, nil},
	} {
		span, stood := w.Beat(beat.now, beat.rest)
		if stood != (beat.want != nil) || stood && span != *beat.want {
			t.Errorf("beat at %d: got %+v, %t; want %+v", beat.now, span, stood, beat.want)
		}
	}
	if w.Count != 2 || w.Sum != 3031*ms || w.Longest != (Span{1072 * ms, 4072 * ms}) {
		t.Errorf("%+v", w.Spans)
	}
}

// TestSpans compares Spans with a list of milliseconds, each in a span or not.
func TestSpans(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		var s Spans
		var stood [200]bool
		for range random.IntN(12) {
			begin := random.Int64N(150)
			span := Span{begin, begin + 1 + random.Int64N(40)}
			s.Add(span)
			for at := span.Begin; at < span.End; at++ {
				stood[at] = true
			}
		}
		count := func(from, to int64) (sum int64) {
			for _, is := range stood[from:to] {
				if is {
					sum++
				}
			}
			return sum
		}
		if s.Sum != count(0, 200) || s.Count != int64(len(s.list)) {
			t.Fatalf("seed %d: %+v", seed, s)
		}
		if !slices.IsSortedFunc(s.list, func(a, b Span) int { return int(a.End - b.Begin) }) {
			t.Fatalf("seed %d: %+v: not apart", seed, s.list)
		}
		for range 50 {
			from := random.Int64N(199)
			to := from + random.Int64N(200-from)
			if got := s.Delay(from, to, 1000); got != count(from, to) {
				t.Fatalf("seed %d: %d of %d to %d in %+v; want %d", seed, got, from, to, s.list, count(from, to))
			}
		}
	}
}

// TestManySpans: the list is bounded, the sums are not.
func TestManySpans(t *testing.T) {
	var s Spans
	for i := range int64(10_000) {
		s.Add(Span{100 * i, 100*i + 50})
	}
	if len(s.list) != kept || s.Count != 10_000 || s.Sum != 500_000 {
		t.Errorf("%d kept, %d spans of %d", len(s.list), s.Count, s.Sum)
	}
	if got := s.Delay(999_000, 1_000_000, 1000); got != 500 {
		t.Errorf("the last ten take %d; want 500", got)
	}
}

// TestLimits checks what a limit of 1 s means, by when a request began and
// ended, if the generator stood still from 2 s to 5 s and from 5.5 s to 6 s.
func TestLimits(t *testing.T) {
	var s Spans
	s.Add(Span{2000, 5000})
	s.Add(Span{5500, 6000})
	const limit = 1000
	type fate struct {
		Ours    bool  // whether Ours reports true at the request's end
		Expires int64 // when the request would have timed out
	}
	for _, tt := range []struct {
		name       string
		began, end int64
		want       fate
	}{
		{"over before", 500, 1500, fate{false, 1500}},
		{"in time, read in time", 1500, 2000, fate{false, 5500}},
		{"read when it ran again", 1900, 5000, fate{true, 6400}},
		{"a deadline before it stood", 900, 2000, fate{false, 1900}},
		{"almost at its deadline", 1001, 5000, fate{true, 5001}},
		{"begun while it stood", 4000, 5001, fate{true, 6500}},
		{"begun when it ran again", 5000, 5999, fate{false, 6500}},
		{"through the second", 5000, 6100, fate{true, 6500}},
		{"its time up", 5000, 6500, fate{false, 6500}},
		{"after both", 6000, 7000, fate{false, 7000}},
	} {
		// The spans known when the request would have timed out.
		var known Spans
		for _, span := range s.list {
			if span.Begin < tt.want.Expires {
				known.Add(span)
			}
		}
		got := fate{known.Ours(tt.began, tt.end, limit), tt.began + limit + known.Delay(tt.began, math.MaxInt64, limit)}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestDelayEnds covers a generator that hardly ever runs.
func TestDelayEnds(t *testing.T) {
	var s Spans
	const limit = 1000
	deadline := int64(limit)
	for at := int64(0); at < 10_000; at += 100 {
		s.Add(Span{at, at + 95})
		deadline = limit + s.Delay(0, math.MaxInt64, limit)
	}
	if deadline > 4*limit {
		t.Errorf("a limit of %d passes at %d", limit, deadline)
	}
}
