package format

import (
	"slices"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/format/head"
	"nodrop/report/reporttest"
)

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
