package ledger_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record/ledger"
	"nodrop/loadgen/record/recordtest"
)

// TestSumIsTheSameForAnySplit: the ledger does not depend on how connections
// are spread, nor on their order, and a sum leaves its parts as they are.
func TestSumIsTheSameForAnySplit(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		list := make([]*ledger.Connection, 1+rng.IntN(200))
		for i := range list {
			list[i] = recordtest.Connection(rng)
		}
		var want ledger.HTTP2
		for _, c := range list {
			want.Add(c)
		}
		rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		parts := make([]ledger.HTTP2, 1+rng.IntN(5))
		for _, c := range list {
			parts[rng.IntN(len(parts))].Add(c)
		}
		before := text(t, parts)
		var got *ledger.HTTP2
		for i := range parts {
			got = ledger.Sum(got, &parts[i], 0)
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Fatalf("(-one ledger +sum of %d):\n%s", len(parts), diff)
		}
		if after := text(t, parts); after != before {
			t.Fatalf("the sum changed its parts: %s\nbefore: %s", after, before)
		}
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestCounts: what each part of a ledger counts.
func TestCounts(t *testing.T) {
	var h ledger.HTTP2
	resets := func(codes ...uint32) (c ledger.Codes) {
		for _, code := range codes {
			c.Count(code)
		}
		return c
	}
	for _, c := range []ledger.Connection{
		{Streams: 500, Most: 20, Goaway: true, Opened: 10, At: 110, LastStream: 995, Finished: 18, TurnedAway: 2},
		{Streams: 400, Most: 20, Goaway: true, Opened: 20, At: 90, LastStream: ledger.AnyStream, Code: ledger.NoError, Finished: 20},
		{Streams: 400, Most: 20, Goaway: true, Opened: 0, At: 200, LastStream: 799, Code: 0xb, Finished: 3, Lost: 17, Cause: "eof"},
		{Streams: 300, Most: 100, Lost: 96, Cause: "reset"},
		{Streams: 100, Most: 20, Lost: 4, Cause: "reset", Resets: resets(ledger.RefusedStream, ledger.RefusedStream, 0x2, 0xffff_ffff)},
		{Protocol: ledger.H2C, Streams: 10, Most: 1},
		{Protocol: ledger.HTTP1},
	} {
		h.Add(&c)
	}
	want := ledger.HTTP2{
		H2: 5, H2C: 1, HTTP1: 1, Streams: 1710, MostStreams: 100,
		Announced: &ledger.Announced{First: 90, Last: 200, Youngest: 70, Oldest: 200, Named: 2, Fewest: 400, Most: 498},
		Goaway:    resets(0, 0, 0xb), Turned: 1, TurnedAway: 2, Finished: 41,
		Resets: resets(7, 7, 2, 99),
		Cuts:   []ledger.Cut{{"eof", true, 1, 17, 17}, {"reset", false, 2, 100, 96}},
	}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for goaway, want := range map[bool][2]int64{false: {2, 100}, true: {1, 17}} {
		if connections, streams := h.Lost(goaway); connections != want[0] || streams != want[1] {
			t.Errorf("GOAWAY before: %t: got %d streams on %d connections", goaway, streams, connections)
		}
	}
	const stored = `{"h2":5,"h2c":1,"http1":1,"streams":1710,"mostStreams":100,"goaway":{"ENHANCE_YOUR_CALM":1,"NO_ERROR":2},"announced":{"firstNs":90,"lastNs":200,"youngestNs":70,"oldestNs":200,"named":2,"fewestStreams":400,"mostStreams":498},"turnedAwayOn":1,"turnedAway":2,"finishedAfterGoaway":41,` +
		`"resets":{"INTERNAL_ERROR":1,"REFUSED_STREAM":2,"other":1},"cuts":[{"cause":"eof","goaway":true,"connections":1,"streams":17,"mostOnOne":17},{"cause":"reset","connections":2,"streams":100,"mostOnOne":96}]}`
	if got := text(t, &h); got != stored {
		t.Errorf("stored as\n%s\nwant\n%s", got, stored)
	}
	var back ledger.HTTP2
	if err := json.Unmarshal([]byte(stored), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if list := h.Resets.List(); !slices.Equal(list, []ledger.CodeCount{{"REFUSED_STREAM", 2}, {"INTERNAL_ERROR", 1}, {"other", 1}}) || h.Resets.Total() != 4 || h.Resets.Of(ledger.RefusedStream) != 2 {
		t.Errorf("resets: %v", list)
	}
}

// TestSumOfLaterRuns: times count from the first run's start, ages do not change.
func TestSumOfLaterRuns(t *testing.T) {
	first := &ledger.HTTP2{H2: 1, Announced: &ledger.Announced{First: 5, Last: 8, Youngest: 3, Oldest: 4}}
	later := &ledger.HTTP2{H2: 1, Announced: &ledger.Announced{First: 1, Last: 2, Youngest: 1, Oldest: 2, Named: 1, Fewest: 7, Most: 7}}
	got := ledger.Sum(ledger.Sum(nil, first, 0), later, 100)
	want := ledger.Announced{First: 5, Last: 102, Youngest: 1, Oldest: 4, Named: 1, Fewest: 7, Most: 7}
	if *got.Announced != want {
		t.Errorf("got %+v; want %+v", *got.Announced, want)
	}
}

// TestSumOfNothing: a run without HTTP/2 has no ledger.
func TestSumOfNothing(t *testing.T) {
	if got := ledger.Sum(nil, &ledger.HTTP2{}, 0); got != nil {
		t.Errorf("got %+v", got)
	}
	if got := ledger.Sum(nil, nil, 0); got != nil {
		t.Errorf("got %+v", got)
	}
	one := &ledger.HTTP2{HTTP1: 1}
	if got := ledger.Sum(one, nil, 0); got != one {
		t.Errorf("got %+v", got)
	}
	if got := ledger.Sum(nil, one, 0); got == nil || got.HTTP1 != 1 || got == one {
		t.Errorf("got %+v; want a copy", got)
	}
}

// TestValidate refuses what reports could not add up.
func TestValidate(t *testing.T) {
	var none *ledger.HTTP2
	if err := none.Validate(1, 1); err != nil {
		t.Error(err)
	}
	good := ledger.HTTP2{H2: 2, Cuts: []ledger.Cut{{Cause: "eof", Connections: 1, Streams: 2, Most: 2}, {Cause: "reset"}}}
	if err := good.Validate(10, 100); err != nil {
		t.Error(err)
	}
	for _, bad := range []ledger.HTTP2{
		{H2: -1},
		{Streams: 11},
		{Goaway: ledger.Codes{3: -1}},
		{Resets: ledger.Codes{3: 11}},
		{Cuts: []ledger.Cut{{Streams: -1}}},
		{Cuts: []ledger.Cut{{Cause: "reset"}, {Cause: "eof"}}},
		{Cuts: make([]ledger.Cut, 65)},
		{Announced: &ledger.Announced{First: 2, Last: 1}},
		{Announced: &ledger.Announced{Oldest: 101}},
		{Announced: &ledger.Announced{Named: 1, Fewest: 3, Most: 2}},
	} {
		if err := bad.Validate(10, 100); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
	for _, text := range []string{`{"goaway":{"NO":1}}`, `{"goaway":3}`} {
		if err := json.Unmarshal([]byte(text), &ledger.HTTP2{}); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

// TestAddAllocatesNothing, except for the first of each kind of cut.
func TestAddAllocatesNothing(t *testing.T) {
	var h ledger.HTTP2
	c := ledger.Connection{Streams: 5, Most: 2, Goaway: true, Lost: 3, Cause: "eof"}
	h.Add(&c)
	if n := testing.AllocsPerRun(100, func() { h.Add(&c) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
