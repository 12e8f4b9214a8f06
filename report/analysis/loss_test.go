package analysis

import (
	"slices"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/reporttest"
)

// TestHidden counts losses that a client with retries would have hidden.
func TestHidden(t *testing.T) {
	for _, tt := range []struct {
		class  string
		reused bool
		method string
		want   int64
	}{
		{"wait.eof", true, "GET", 1},
		{"wait.reset", true, "HEAD", 1},
		{"wait.eof", false, "GET", 0},
		{"wait.eof", true, "POST", 0},
		{"wait.timeout", true, "GET", 0},
		{"body.eof", true, "GET", 0},
		{"connect.refused", false, "GET", 0},
	} {
		q := reporttest.Lost(5*ms, 6*ms, tt.class, "gw-1", reporttest.EOFText)
		q.Reused = tt.reused
		run := reporttest.NewRun(t, append(reporttest.Steady(10, 0, ms, "gw-1"), q), reporttest.Edited(func(run *record.Run) { run.Settings.Method = tt.method }))
		if got := findLoss(run).Hidden; got != tt.want {
			t.Errorf("%+v: got %d", tt, got)
		}
	}
}

// TestLimits compares the formulas with numbers calculated by hand.
func TestLimits(t *testing.T) {
	l := Limits{Of: 10, Rate: 300}
	if got, want := l.Smallest(1), 100*ms; got != want {
		t.Errorf("1 of 10 at 300/s: got %d; want %d", got, want)
	}
	if got, want := (Limits{Of: 10, Rate: 334}).Smallest(9), int64(9_980_039); got != want {
		t.Errorf("9 of 10 at 334/s: got %d; want %d", got, want)
	}
	if got := (Limits{Of: 1}).Smallest(1); got < 1<<62 {
		t.Errorf("no load: got %d; want no limit", got)
	}
	run := reporttest.NewRun(t, reporttest.Steady(1000, 0, ms, "gw-1"))
	if got := findLimits(run, Event{}); got.UpperBound < 0.00299 || got.UpperBound > 0.003 {
		t.Errorf("0 of 1000: got %v; want 3/1000", got.UpperBound)
	}
	// A load that stops for half of the event can detect less.
	list := append(reporttest.Steady(1000, 0, ms, "gw-1"), reporttest.Steady(1000, 2000*ms, ms, "gw-1")...)
	if got := findLimits(reporttest.NewRun(t, list), Event{Known: true, Begin: 1000 * ms, End: 2000 * ms}).Rate; got > 10 {
		t.Errorf("got %v requests/s; want what there was during the event", got)
	}
}

func TestOutsideAndRecovery(t *testing.T) {
	list := append(slices.Clone(reporttest.AbruptRequests()),
		reporttest.Lost(100*ms, 101*ms, "connect.refused", "gw-3", reporttest.RefusedText), reporttest.Lost(1200*ms, 1201*ms, "connect.refused", "gw-3", reporttest.RefusedText))
	l := findLoss(reporttest.NewRun(t, list, reporttest.Variant("abrupt", reporttest.AbruptMarks())))
	if l.Outside != 2 {
		t.Errorf("got %d outside the event; want 2", l.Outside)
	}
	if got, want := l.Recovery, 601*ms; got != want {
		t.Errorf("got a recovery of %d; want %d, to the last loss", got, want)
	}
}

// TestStepsAlone: if no mark names an endpoint, losses after the steps may be
// effects of the steps.
func TestStepsAlone(t *testing.T) {
	list := append(slices.Clone(reporttest.AbruptRequests()),
		reporttest.Lost(100*ms, 101*ms, "connect.refused", "gw-3", reporttest.RefusedText), reporttest.Lost(1200*ms, 1201*ms, "connect.refused", "gw-3", reporttest.RefusedText))
	l := findLoss(reporttest.NewRun(t, list, reporttest.Variant("abrupt", []record.Mark{{Kind: record.MarkStep, Name: "kubectl scale", Start: 500 * ms, End: 510 * ms}})))
	if l.Event.Seen || l.Outside != 1 || l.After < 1 {
		t.Errorf("%+v: %d outside the event, %d after its steps; want 1, the one before, and the rest", l.Event, l.Outside, l.After)
	}
}

// TestMarksOfTheSetUp: marks from before the load are not part of the event,
// and do not end the baseline.
func TestMarksOfTheSetUp(t *testing.T) {
	ready := record.Mark{Kind: record.MarkReady, Name: "replica web ready", Endpoint: "web", Start: -200 * ms, End: -200 * ms}
	l := findLoss(reporttest.NewRun(t, reporttest.AbruptRequests(), reporttest.Variant("abrupt", append([]record.Mark{ready}, record.Mark{Kind: record.MarkStep, Name: "stop", Start: 500 * ms, End: 510 * ms}))))
	if l.Event.Seen || l.Baseline.Until != 500*ms || l.Baseline.OK == 0 {
		t.Errorf("%+v, %+v", l.Event, l.Baseline)
	}
}

// TestOpenEnd: if only the control plane shows the removal of an endpoint,
// balancers may follow after the last mark, so losses after it are not outside
// the event.
func TestOpenEnd(t *testing.T) {
	marks := reporttest.AbruptMarks()
	for i := range marks {
		if marks[i].Kind == record.MarkEndpointRemoved {
			marks[i].Kind = record.MarkEndpointGoes
		}
	}
	list := append(slices.Clone(reporttest.AbruptRequests()),
		reporttest.Lost(100*ms, 101*ms, "connect.refused", "gw-3", reporttest.RefusedText), reporttest.Lost(1200*ms, 1201*ms, "connect.refused", "gw-3", reporttest.RefusedText))
	l := findLoss(reporttest.NewRun(t, list, reporttest.Variant("abrupt", marks), reporttest.Edited(func(run *record.Run) { run.Replicas = 12 })))
	if l.Outside != 1 || l.After != 1 || l.Limits.Of != 12 {
		t.Errorf("got %d outside, %d after, %d endpoints; want 1, 1 and 12", l.Outside, l.After, l.Limits.Of)
	}
}
