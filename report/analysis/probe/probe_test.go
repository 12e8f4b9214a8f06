package probe

import (
	"testing"

	"nodrop/loadgen/record"
)

const ms = int64(1_000_000)

func probeAt(endpoint string, at int64, outcome record.ProbeOutcome) record.Probe {
	return record.Probe{Endpoint: endpoint, Start: at, End: at + ms, Outcome: outcome}
}

// TestAfter: a loss is asked about with the first probe of its own endpoint
// after it, unless that came too late.
func TestAfter(t *testing.T) {
	run := &record.Run{Probes: []record.Probe{
		probeAt("b", 12*ms, record.ProbeOK), probeAt("a", 20*ms, record.ProbeRefused), probeAt("a", 70*ms, record.ProbeOK), probeAt("a", 5000*ms, record.ProbeOK),
	}}
	p := Of(run, 0)
	for _, tt := range []struct {
		endpoint string
		at, want int64 // -1 = none
	}{
		{"a", 10 * ms, 20 * ms},
		{"a", 20 * ms, 20 * ms},
		{"a", 21 * ms, 70 * ms},
		{"b", 10 * ms, 12 * ms},
		{"b", 13 * ms, -1},
		{"c", 10 * ms, -1},
		{"a", 71 * ms, -1},
		{"a", 4000 * ms, 5000 * ms},
		{"a", 3999 * ms, -1},
	} {
		got := p.After(&record.LostRequest{Endpoint: tt.endpoint, End: tt.at})
		if start := startOf(got); start != tt.want {
			t.Errorf("%s at %d: got the probe at %d; want %d", tt.endpoint, tt.at, start, tt.want)
		}
	}
}

func startOf(one *record.Probe) int64 {
	if one == nil {
		return -1
	}
	return one.Start
}

// TestSays: each outcome has one answer. A probe that connected and waited is
// only a sign of a stuck process where responses are much faster.
func TestSays(t *testing.T) {
	waited := record.Probe{Start: 0, Connected: ms, End: 1001 * ms, Outcome: record.ProbeTimeout}
	for _, tt := range []struct {
		probe record.Probe
		usual int64
		want  Answer
	}{
		{record.Probe{Outcome: record.ProbeOK, Asked: true}, 0, Works},
		{record.Probe{Outcome: record.ProbeOK}, 0, Listens},
		{record.Probe{Outcome: record.ProbeRefused}, 0, Gone},
		{record.Probe{Outcome: record.ProbeUnreachable}, 0, Silent},
		{record.Probe{Outcome: record.ProbeTimeout, End: 1000 * ms}, 3 * ms, Silent},
		{record.Probe{Outcome: record.ProbeReset}, 0, Cut},
		{record.Probe{Outcome: record.ProbeHTTPError, Status: 503}, 0, Failing},
		{record.Probe{Outcome: record.ProbeTLSFailed}, 0, Nothing},
		{record.Probe{Outcome: record.ProbeOther}, 0, Nothing},
		{waited, 500 * ms, Stuck},
		{waited, 501 * ms, Nothing},
		{waited, 0, Nothing},
	} {
		if got := Of(&record.Run{}, tt.usual).Says(&tt.probe); got != tt.want {
			t.Errorf("%+v with responses in %d: got %d; want %d", tt.probe, tt.usual, got, tt.want)
		}
	}
}

// TestAnswerWhileItRecovers: a probe that works again says nothing about the
// losses since the last one that failed.
func TestAnswerWhileItRecovers(t *testing.T) {
	p := Of(&record.Run{Probes: []record.Probe{
		probeAt("a", 100*ms, record.ProbeRefused), probeAt("a", 200*ms, record.ProbeOK), probeAt("a", 400*ms, record.ProbeOK),
	}}, 0)
	for at, want := range map[int64]Answer{90 * ms: Gone, 150 * ms: Nothing, 300 * ms: Listens, 500 * ms: Nothing} {
		if _, got := p.Answer(&record.LostRequest{Endpoint: "a", End: at}); got != want {
			t.Errorf("at %d: got %d; want %d", at, got, want)
		}
	}
}

// TestOutage: the failed probes around a loss, and those that worked before and
// after them, bracket its outage.
func TestOutage(t *testing.T) {
	run := &record.Run{Probes: []record.Probe{
		probeAt("a", 10*ms, record.ProbeOK),
		probeAt("a", 100*ms, record.ProbeReset), probeAt("a", 150*ms, record.ProbeRefused), probeAt("a", 250*ms, record.ProbeRefused),
		probeAt("a", 450*ms, record.ProbeOK),
		probeAt("a", 900*ms, record.ProbeRefused),
		probeAt("b", 120*ms, record.ProbeOK),
	}}
	p := Of(run, 0)
	for _, tt := range []struct {
		endpoint string
		at       int64
		want     Outage
		known    bool
	}{
		{"a", 99 * ms, Outage{10 * ms, 101 * ms, 250 * ms, 451 * ms}, true},
		{"a", 240 * ms, Outage{10 * ms, 101 * ms, 250 * ms, 451 * ms}, true},
		{"a", 9 * ms, Outage{}, false},
		{"a", 440 * ms, Outage{}, false},
		{"a", 890 * ms, Outage{450 * ms, 901 * ms, 900 * ms, -1}, true},
		{"b", 110 * ms, Outage{}, false},
	} {
		if got, known := p.OutageAt(&record.LostRequest{Endpoint: tt.endpoint, End: tt.at}); got != tt.want || known != tt.known {
			t.Errorf("%s at %d: got %+v %v; want %+v %v", tt.endpoint, tt.at, got, known, tt.want, tt.known)
		}
	}
}
