package shape

import (
	"slices"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/reporttest"
)

const (
	us = int64(time.Microsecond)
	ms = int64(time.Millisecond)
)

func mark(kind record.MarkKind, endpoint string, at int64) record.Mark {
	return record.Mark{Kind: kind, Name: kind.Of(endpoint), Endpoint: endpoint, Start: at, End: at}
}

// measured measures a run, and returns all its losses.
func measured(t *testing.T, requests []reporttest.Request, edit func(*record.Run), marks ...record.Mark) (*Measures, []*record.LostRequest) {
	t.Helper()
	run := reporttest.NewRun(t, requests, reporttest.Edited(func(run *record.Run) { run.Marks = slices.Clone(marks) }))
	if edit != nil {
		edit(run)
	}
	f := analysis.Of(run)
	m := Measure(run, &f.Loss)
	var lost []*record.LostRequest
	for i := range run.Lost {
		lost = append(lost, &run.Lost[i])
	}
	return m, lost
}

func refusals(endpoint string, times ...int64) []reporttest.Request {
	var list []reporttest.Request
	for _, at := range times {
		list = append(list, reporttest.Lost(at*ms, at*ms+us, "connect.refused", endpoint, ""))
	}
	return list
}

// TestTimes places losses relative to the event and to the whole run.
func TestTimes(t *testing.T) {
	load := reporttest.Steady(1000, 0, ms, "gw-1")
	step := record.Mark{Kind: record.MarkStep, Name: "stop", Start: 400 * ms, End: 500 * ms}
	const none = analysis.Unknown
	all := refusals("gw-2", 50, 150, 250, 350, 450, 550, 650, 750, 850, 950)
	for _, tt := range []struct {
		name     string
		requests []reporttest.Request
		marks    []record.Mark
		want     Time
	}{
		{"no event", refusals("gw-2", 450), nil, Time{First: 450 * ms, Last: 450*ms + us, Recovered: true, Ready: none}},
		{"all over a run without an event", all, nil, Time{First: 50 * ms, Last: 950*ms + us, Spread: true, Recovered: true, Ready: none}},
		{"all over a run with an event", all, []record.Mark{step}, Time{First: 50 * ms, Last: 950*ms + us, Before: 4, During: 1, After: 5, Recovered: true, Ready: none}},
		{"until a new one was ready", refusals("gw-2", 450, 590), []record.Mark{step, mark(record.MarkReady, "gw-3", 600*ms)}, Time{First: 450 * ms, Last: 590*ms + us, During: 2, Recovered: true, Ready: 600 * ms}},
		{"a new one was ready before", refusals("gw-2", 550, 590), []record.Mark{step, mark(record.MarkReady, "gw-3", 450*ms)}, Time{First: 550 * ms, Last: 590*ms + us, After: 2, Recovered: true, Ready: none}},
		{"never over", refusals("gw-2", 450, 1020), []record.Mark{step}, Time{First: 450 * ms, Last: 1020*ms + us, During: 1, After: 1, Ready: none}},
	} {
		m, lost := measured(t, append(slices.Clone(load), tt.requests...), nil, tt.marks...)
		if got := m.Times(lost); got != tt.want {
			t.Errorf("%s: got %+v; want %+v", tt.name, got, tt.want)
		}
	}
}

// TestPlaces counts losses on endpoints that leave, that arrive, and on others.
func TestPlaces(t *testing.T) {
	load := slices.Concat(reporttest.Steady(2000, 0, ms, "gw-1", "gw-2"), reporttest.Steady(1000, 1000*ms, ms, "gw-3"))
	lost := slices.Concat(refusals("gw-1", 700), refusals("gw-2", 710, 720), refusals("gw-3", 910, 920, 930))
	m, list := measured(t, append(load, lost...), nil,
		record.Mark{Kind: record.MarkStep, Name: "roll", Start: 600 * ms, End: 1000 * ms},
		mark(record.MarkTerminating, "gw-2", 650*ms), mark(record.MarkReady, "gw-3", 900*ms))
	got, want := m.Places(list), Place{Endpoints: 3, Of: 3, Leaving: 2, Arriving: 3, Elsewhere: 1}
	if got != want || got.Share() != 1 {
		t.Errorf("got %+v; want %+v", got, want)
	}
	if got := m.Places(list[:1]); got.Share() <= 0.3 || got.Share() >= 0.4 {
		t.Errorf("one of three: got %+v", got)
	}
}

// TestErrorsElsewhere: an arrival does not explain errors that others have at
// the same time.
func TestErrorsElsewhere(t *testing.T) {
	load := slices.Concat(reporttest.Steady(2000, 0, ms, "gw-1", "gw-2"), reporttest.Steady(1000, 1000*ms, ms, "gw-3"))
	failed := func(endpoint string) []reporttest.Request {
		var list []reporttest.Request
		for at := 910 * ms; at < 960*ms; at += 10 * ms {
			q := reporttest.Lost(at, at+ms, "status.503", endpoint, "")
			q.Status = 503
			list = append(list, q)
		}
		return list
	}
	for _, tt := range []struct {
		requests []reporttest.Request
		want     bool
	}{
		{failed("gw-3"), true},
		{slices.Concat(failed("gw-3"), failed("gw-1")), false},
	} {
		m, lost := measured(t, append(slices.Clone(load), tt.requests...), nil, mark(record.MarkReady, "gw-3", 900*ms))
		for _, l := range lost {
			if got := m.ArrivalOf(l) != nil; got != tt.want {
				t.Errorf("%d losses, on %s: got %t; want %t", len(lost), l.Endpoint, got, tt.want)
			}
		}
	}
}

// TestAgesOf tells a race from requests in flight.
func TestAgesOf(t *testing.T) {
	cut := func(at int64, reused bool, ages ...int64) []reporttest.Request {
		var list []reporttest.Request
		for i, age := range ages {
			end := at + int64(i)*20*us
			q := reporttest.Lost(end-age, end, "wait.reset", "gw-1", "")
			q.Reused = reused
			list = append(list, q)
		}
		return list
	}
	trip := func(took int64) func(*record.Run) {
		return func(run *record.Run) {
			run.Phases.Connect, run.Phases.TLS = record.Latency{}, record.Latency{}
			for range 3 {
				run.Phases.Connect.Record(0) // on reused connections
			}
			run.Phases.Connect.Record(took)
		}
	}
	for _, tt := range []struct {
		name     string
		requests []reporttest.Request
		trip     int64
		want     Cut
		alike    bool
	}{
		{"one round trip each", cut(500*ms, true, 100*us, 110*us, 90*us), 100 * us, Race, false},
		{"on fresh connections", cut(500*ms, false, 100*us, 110*us, 90*us), 100 * us, Unclear, false},
		{"spread", cut(500*ms, true, 100*us, 3*ms, 5*ms, 8*ms), 100 * us, Unclear, false}, // one of four may be a race
		{"spread, on fresh connections", cut(500*ms, false, 100*us, 3*ms, 5*ms, 8*ms), 100 * us, InFlight, false},
		{"alike", cut(500*ms, true, 3*ms, 3*ms), 3 * ms, Unclear, true},
		{"round trip not known", cut(500*ms, true, 100*us), 0, Unclear, false},
		{"with a response time of ten round trips, one proves nothing", cut(500*ms, true, 800*us), 800 * us, Unclear, false},
		{"but three do", cut(500*ms, true, 800*us, 800*us, 800*us), 800 * us, Race, false},
	} {
		m, lost := measured(t, append(reporttest.Steady(1000, 0, ms, "gw-1"), tt.requests...), trip(tt.trip))
		got := m.AgesOf(lost)
		if got.Kind != tt.want || got.Alike != tt.alike || got.Together != len(tt.requests) {
			t.Errorf("%s: got %+v; want kind %d, alike %t", tt.name, got, tt.want, tt.alike)
		}
	}
}

// TestRoundTrip leaves out look-ups, TLS, and reused connections.
func TestRoundTrip(t *testing.T) {
	var p record.PhaseLatencies
	if got := roundTrip(&p); got != 0 {
		t.Errorf("nothing recorded: got %d", got)
	}
	for range 100 {
		p.Connect.Record(0)
		p.TLS.Record(0)
		p.DNS.Record(0)
	}
	for range 10 {
		p.Connect.Record(5 * ms)
		p.TLS.Record(4 * ms)
	}
	p.DNS.Record(20 * ms) // for the first of them
	if got := roundTrip(&p); got < 990*us || got > 1010*us {
		t.Errorf("got %d ns; want 1 ms", got)
	}
}

// TestTogether counts what lies closest together, and separate instants.
func TestTogether(t *testing.T) {
	for _, tt := range []struct {
		times          []int64 // ms
		most, instants int
	}{
		{[]int64{5}, 1, 1},
		{[]int64{5, 6, 7, 100, 200, 201}, 3, 3},
		{[]int64{0, 8, 16, 24}, 2, 1},
	} {
		var ordered []int64
		for _, at := range tt.times {
			ordered = append(ordered, at*ms)
		}
		if most, instants := together(ordered); most != tt.most || instants != tt.instants {
			t.Errorf("%v: got %d at once, %d instants; want %d, %d", tt.times, most, instants, tt.most, tt.instants)
		}
	}
}
