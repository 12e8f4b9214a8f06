package report_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/check"
	"nodrop/report/comparetest"
	"nodrop/report/reporttest"
)

// restarted is a run of responses whose heads do not say how long their bodies
// are. During its event, from 1 s to 1.1 s, short of 80 have half a body.
func restarted(t *testing.T, short int, more []reporttest.Request, edit func(*record.Run)) *record.Run {
	t.Helper()
	unsized := func(n int, from, bytes int64) []reporttest.Request {
		list := reporttest.Steady(n, from, ms, "gw-1")
		for i := range list {
			list[i].Unsized, list[i].Bytes = true, bytes
		}
		return list
	}
	list := slices.Concat(unsized(240, 0, 5000), unsized(short, 1050*ms, 2500), unsized(80-short, 1200*ms, 5000), more)
	return reporttest.NewRun(t, list, reporttest.Edited(func(run *record.Run) {
		run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 1000 * ms, End: 1100 * ms}}
		edit(run)
	}))
}

func failIfLost(run *record.Run) { run.FailIf = []string{"lost > 0"} }

const (
	shorter     = "12 of 80 responses during the event had a shorter body (2,500 bytes) than all 240 before it (5,000 bytes), and nothing in them shows whether they were whole"
	shorterHint = "use --expect-body to say what a body must be"
)

// TestUnseenLosses: bodies that may have been cut put a pass in doubt, and never
// take back a failure.
func TestUnseenLosses(t *testing.T) {
	lost := []reporttest.Request{reporttest.Lost(1060*ms, 1061*ms, "connect.refused", "gw-1", reporttest.RefusedText)}
	for name, tt := range map[string]struct {
		run  *record.Run
		want report.Verdict
	}{
		"whole":           {restarted(t, 0, nil, failIfLost), report.Verdict{Outcome: check.Pass}},
		"two are no sign": {restarted(t, 2, nil, failIfLost), report.Verdict{Outcome: check.Pass}},
		"shorter": {
			restarted(t, 12, nil, failIfLost),
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{shorter}, Hints: []string{shorterHint}},
		},
		"shorter, and lost": {restarted(t, 12, lost, failIfLost), report.Verdict{Outcome: check.Fail, Reasons: []string{"lost > 0: lost 1"}}},
		"shorter, and few enough lost": {
			restarted(t, 12, lost, func(run *record.Run) { run.FailIf = []string{"lost > 5"} }),
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{shorter}, Hints: []string{shorterHint}},
		},
		"the user says what a body must be": {
			restarted(t, 12, nil, func(run *record.Run) { failIfLost(run); run.Settings.ExpectBody = "." }),
			report.Verdict{Outcome: check.Pass},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := report.Build(reporttest.Recording(tt.run))
			if diff := cmp.Diff(tt.want, r.Verdict); diff != "" {
				t.Errorf("(- want, + got)\n%s", diff)
			}
		})
	}
}

// TestUnseenLossesOfArms: the same for a comparison, where each arm counts.
func TestUnseenLossesOfArms(t *testing.T) {
	run := func(short int) *record.Run { return restarted(t, short, nil, func(*record.Run) {}) }
	for _, tt := range []struct {
		base, next int
		outcome    check.Outcome
	}{{0, 0, check.Pass}, {12, 0, check.Inconclusive}, {0, 12, check.Inconclusive}} {
		r := comparetest.Compared(t, comparetest.Arm(t, "off", run(tt.base)), comparetest.Arm(t, "on", run(tt.next)))
		if r.Verdict.Outcome != tt.outcome || len(r.Verdict.Hints) > 0 != (tt.outcome == check.Inconclusive) {
			t.Errorf("%d and %d shorter: got %+v; want %s", tt.base, tt.next, r.Verdict, tt.outcome)
		}
	}
}
