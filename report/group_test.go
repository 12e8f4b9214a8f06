package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/report"
	"nodrop/report/analysis"
	"nodrop/report/check"
	"nodrop/report/reporttest"
)

// TestRepetitions: the run remains the unit, and the worst run represents a
// variant.
func TestRepetitions(t *testing.T) {
	r := report.Build(reporttest.Repetitions(t, 4))
	if len(r.Groups) != 2 || len(r.Changes) != 1 || r.Verdict.Outcome != check.Pass {
		t.Fatalf("%d groups, %d changes, %+v", len(r.Groups), len(r.Changes), r.Verdict)
	}
	a := r.Groups[0]
	if a.Name != "abrupt" || len(a.Arm.Runs) != 4 || analysis.RunName(r.Runs[a.Worst].Run) != "abrupt #1" {
		t.Errorf("%s: %d runs, worst %s", a.Name, len(a.Arm.Runs), analysis.RunName(r.Runs[a.Worst].Run))
	}
	lost := r.Changes[0].Row("lost", "")
	if !lost.Significant || lost.Direction != -1 {
		t.Errorf("%+v; four of each can tell", lost)
	}
}

// TestRepetitionsThatAreMissing: a missing run proves nothing, and a bad run is
// named.
func TestRepetitionsThatAreMissing(t *testing.T) {
	rec := reporttest.Repetitions(t, 3)
	rec.Runs = rec.Runs[:5]
	if v := report.Build(rec).Verdict; v.Outcome != check.Inconclusive || cmp.Diff([]string{"graceful: 1 of 3 runs are missing"}, v.Reasons) != "" {
		t.Errorf("%+v", v)
	}
	rec = reporttest.Repetitions(t, 3)
	bad := reporttest.Abrupt(t)
	bad.Variant, bad.Repetition, bad.Require, bad.Expect = "graceful", 3, nil, []string{"lost == 0"}
	rec.Runs[5] = bad
	if v := report.Build(rec).Verdict; v.Outcome != check.Fail || len(v.Reasons) != 1 || v.Reasons[0][:13] != "graceful #3: " {
		t.Errorf("%+v", v)
	}
}

// TestRecurrences: the report mentions findings of runs that it does not show
// in full.
func TestRecurrences(t *testing.T) {
	rec := reporttest.Repetitions(t, 3)
	for _, run := range rec.Runs {
		if run.Variant == "abrupt" && run.Repetition == 3 {
			run.Lost = run.Lost[:1]
			run.Lost[0].Class = reporttest.Class(t, "dns.not-found")
		}
	}
	r := report.Build(rec)
	var got []string
	for _, r := range r.Recurrences(&r.Groups[0]) {
		got = append(got, r.Rule+" "+r.String())
	}
	want := []string{
		"listener-closed-before-removal in 2 of 3 runs, 244 lost in each; abrupt #1: 9 endpoints stopped accepting connections 52.5 ms before the load balancer removed them",
		"killed-in-flight in 2 of 3 runs, 6–9 lost in each; abrupt #1: 9 requests in flight were cut when their process exited",
		"name-lost in 1 of 3 runs, 1 lost; abrupt #3: ",
	}
	if len(got) < len(want) {
		t.Fatalf("got %q; want at least %q", got, want)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got %q; want %q", got[i], want[i])
		}
	}
	if left := r.Recurrences(&r.Groups[1]); len(left) != 0 {
		t.Errorf("graceful runs, which lost nothing: %v", left)
	}
	one := report.Build(reporttest.Repetitions(t, 1))
	if left := one.Recurrences(&one.Groups[0]); left != nil {
		t.Errorf("a single run, which is reported in full: %v", left)
	}
}

// TestOnly selects a run by its name or its number.
func TestOnly(t *testing.T) {
	rec := reporttest.Recording(reporttest.Lossy(t, 100, 1, 0), reporttest.Lossy(t, 100, 2, 0), reporttest.Lossy(t, 100, 3, 0))
	for i, run := range rec.Runs {
		run.Variant, run.Repetition = "graceful", i+1
	}
	for name, lost := range map[string]int64{"graceful #2": 2, "3": 3} {
		one, err := report.Only(rec, name)
		if err != nil || len(one.Runs) != 1 || one.Runs[0].Counts.Lost != lost || len(rec.Runs) != 3 {
			t.Errorf("%s: got %v, %v; want the run that lost %d", name, one, err, lost)
		}
	}
	for _, name := range []string{"0", "4", "graceful", ""} {
		if _, err := report.Only(rec, name); err == nil || err.Error() != fmt.Sprintf("there is no run %q", name) {
			t.Errorf("%q: got %v", name, err)
		}
	}
}
