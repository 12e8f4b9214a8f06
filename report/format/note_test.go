package format

import (
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/format/head"
	"nodrop/report/reporttest"
)

// TestNothingSentInTheEvent: a load that no outage would have met has no shortest
// outage.
func TestNothingSentInTheEvent(t *testing.T) {
	requests := append(reporttest.Steady(10, 0, ms, "gw-1", "gw-2"), reporttest.Steady(10, 3000*ms, ms, "gw-1", "gw-2")...)
	run := reporttest.NewRun(t, requests, reporttest.Edited(func(run *record.Run) {
		run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 100 * ms, End: 2200 * ms}}
	}))
	r := report.Build(reporttest.Recording(run))
	for name, text := range map[string]string{"text": unwrapped(t, r, true), "markdown": render(t, Markdown, r), "data": render(t, ComputedJSON, r)} {
		if strings.Contains(text, "9223372036") || !strings.Contains(text, "an outage of 1 of 2 endpoints would have gone unnoticed, however long") {
			t.Errorf("%s: got\n%s", name, text)
		}
	}
}

// TestRateNotReached compares the rate that -q asked for with the rate sent.
func TestRateNotReached(t *testing.T) {
	const slow = ": the target or this machine was too slow"
	for name, tt := range map[string]struct {
		slowRemovals int64
		rate         float64 // of each of 10 workers; 1,001 requests were sent in 1 s
		want         string
		notes        bool
	}{
		"no rate":             {0, 0, "", false},
		"kept":                {0, 100, "", false},
		"kept but for a tick": {1, 100, "", false},
		"not kept":            {1500, 250, "asked for 2,500/s, sent 1,001/s" + slow, true},
	} {
		run := reporttest.NewRun(t, reporttest.Steady(1001, 0, ms, "gw-1"), reporttest.Edited(func(run *record.Run) {
			run.Late, run.Settings.Rate = tt.slowRemovals, tt.rate
		}))
		r := report.Build(reporttest.Recording(run))
		notes := notesOf(&r.Runs[0])
		if got := slices.ContainsFunc(notes, func(note string) bool { return len(note) > len(slow) && note[len(note)-len(slow):] == slow }); got != tt.notes {
			t.Errorf("%s: got the notes %q", name, notes)
		}
		if tt.notes && !slices.Contains(notes, tt.want) {
			t.Errorf("%s: got %q; want %q among them", name, notes, tt.want)
		}
	}
	for want, rate := range map[string]float64{"0.5": 0.5, "12.3": 12.34, "99.9": 99.9, "100": 100.4, "5,000": 4999.7} {
		if got := head.Rate(rate); got != want {
			t.Errorf("%v: got %s; want %s", rate, got, want)
		}
	}
}
