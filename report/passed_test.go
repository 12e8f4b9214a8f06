package report_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/reporttest"
)

// TestPassed: a passing verdict lists the checks it passed, with repetitions on
// one line; any other gives reasons.
func TestPassed(t *testing.T) {
	repetition := func(n, lost int) *record.Run {
		return reporttest.Trial(t, lost, func(run *record.Run) {
			run.Variant, run.Repetition = "a", n
			run.Expect, run.Require, run.FailIf = nil, []string{"lost > 0"}, []string{"p99 > 1s"}
		})
	}
	for name, tt := range map[string]struct {
		runs []*record.Run
		want []string
	}{
		"a plain load that was asked nothing": {[]*record.Run{reporttest.NewRun(t, reporttest.Steady(10, 0, ms, "gw-1"))}, nil},
		"a plain load": {
			[]*record.Run{reporttest.NewRun(t, reporttest.Steady(1000, 0, ms, "gw-1"), reporttest.FailIf("lost > 0", "ok < 900"))},
			[]string{"fails if lost > 0: lost 0", "fails if ok < 900: ok 1,000"},
		},
		"repeated": {
			[]*record.Run{repetition(1, 2), repetition(2, 5)},
			[]string{"a: requires lost > 0: lost 2–5 in 2 runs", "a: fails if p99 > 1s: p99 9.0 ms in 2 runs"},
		},
		"of a repeated run, the only one": {
			[]*record.Run{repetition(2, 1)},
			[]string{"a #2: requires lost > 0: lost 1", "a #2: fails if p99 > 1s: p99 9.0 ms"},
		},
		"failed": {[]*record.Run{reporttest.NewRun(t, reporttest.Steady(10, 0, ms, "gw-1"), reporttest.FailIf("lost == 0", "ok < 9"))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, report.Build(reporttest.Recording(tt.runs...)).Passed()); diff != "" {
				t.Errorf("differs (- want, + got)\n%s", diff)
			}
		})
	}
}
