package report_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/analysis"
	"nodrop/report/check"
	"nodrop/report/format"
	"nodrop/report/metric"
	"nodrop/report/reporttest"
)

func textOf(t testing.TB, r *report.Report) string {
	t.Helper()
	var b strings.Builder
	if err := format.Text(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const settleHint = "use --settle 1s to keep the load running until the event is over"

func TestVerdict(t *testing.T) {
	named := func(name string) func(*record.Run) { return func(run *record.Run) { run.Variant = name } }
	for name, tt := range map[string]struct {
		runs []*record.Run
		want report.Verdict
	}{
		"no runs": {nil, report.Verdict{}},
		"a plain load that was asked nothing": {
			[]*record.Run{reporttest.NewRun(t, []reporttest.Request{reporttest.Lost(0, ms, "connect.refused", "gw-1", reporttest.RefusedText)})},
			report.Verdict{},
		},
		"a plain load that was spoiled and asked nothing": {
			[]*record.Run{reporttest.Spoil(t, reporttest.NewRun(t, reporttest.Steady(10, 0, ms, "gw-1")), 3)},
			report.Verdict{},
		},
		"a plain load that contradicts itself": {
			[]*record.Run{reporttest.NewRun(t, reporttest.Steady(10, 0, ms, "gw-1"), reporttest.Edited(func(run *record.Run) { run.Counts.OK = 1 }))},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{"the counts do not add up: started 10 ≠ ok 11 + lost 0 + spoiled 0 + aborted 0"}},
		},
		"pass": {[]*record.Run{reporttest.Trial(t, 0, nil)}, report.Verdict{Outcome: check.Pass}},
		"fail": {
			[]*record.Run{reporttest.Trial(t, 3, nil)},
			report.Verdict{Outcome: check.Fail, Reasons: []string{"expected lost == 0: lost 3"}},
		},
		"two expectations, both false": {
			[]*record.Run{reporttest.Trial(t, 1, func(run *record.Run) { run.Expect = []string{"lost == 0", "ok>200"} })},
			report.Verdict{Outcome: check.Fail, Reasons: []string{"expected lost == 0: lost 1", "expected ok > 200: ok 200"}},
		},
		"a requirement that holds": {
			[]*record.Run{reporttest.Trial(t, 3, func(run *record.Run) { run.Expect, run.Require = nil, []string{"lost > 0"} })},
			report.Verdict{Outcome: check.Pass},
		},
		"a requirement that does not": {
			[]*record.Run{reporttest.Trial(t, 0, func(run *record.Run) { run.Expect, run.Require = nil, []string{"lost > 0"} })},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{"required lost > 0: lost 0"}},
		},
		"failed, and a requirement of the same run does not hold": {
			[]*record.Run{reporttest.Trial(t, 3, func(run *record.Run) { run.Require = []string{"ok > 1000"} })},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{"required ok > 1000: ok 200", "expected lost == 0: lost 3"}},
		},
		"one request spoiled": {
			[]*record.Run{reporttest.Spoil(t, reporttest.Trial(t, 0, nil), 1)},
			report.Verdict{
				Outcome: check.Inconclusive, Reasons: []string{"1 request failed because of this machine"},
				Hints: []string{"widen net.ipv4.ip_local_port_range, lower the rate, or keep connections alive"},
			},
		},
		"failed, and spoiled": {
			[]*record.Run{reporttest.Spoil(t, reporttest.Trial(t, 3, nil), 2)},
			report.Verdict{
				Outcome: check.Inconclusive, Reasons: []string{"2 requests failed because of this machine", "expected lost == 0: lost 3"},
				Hints: []string{"widen net.ipv4.ip_local_port_range, lower the rate, or keep connections alive"},
			},
		},
		"interrupted": {
			[]*record.Run{reporttest.Trial(t, 0, func(run *record.Run) { run.Interrupted = true })},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{"the run was interrupted"}},
		},
		"interrupted before the event": {
			[]*record.Run{reporttest.Trial(t, 0, func(run *record.Run) { run.Interrupted, run.Marks = true, nil })},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{"the run was interrupted"}},
		},
		"interrupted during the event": {
			[]*record.Run{reporttest.Trial(t, 0, func(run *record.Run) { run.Interrupted, run.Marks[0].End = true, 500*ms })},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{"the run was interrupted"}},
		},
		"a step failed": {
			[]*record.Run{reporttest.Trial(t, 0, func(run *record.Run) { run.Marks[0].Error = "no such deployment" })},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{"scale: no such deployment"}},
		},
		"a replica that was to stay crashed after the event": {
			[]*record.Run{reporttest.Trial(t, 3, func(run *record.Run) {
				run.Marks = append(run.Marks, record.Mark{Kind: record.MarkCrashed, Name: "gw-1 crashed", Endpoint: "gw-1", Start: 70 * ms, End: 70 * ms, Error: "signal: killed"})
			})},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{"gw-1 crashed: signal: killed", "expected lost == 0: lost 3"}},
		},
		"a replica killed after its grace is seen, no doubt": {
			[]*record.Run{reporttest.Trial(t, 0, func(run *record.Run) {
				run.Marks = append(run.Marks, record.Mark{Kind: record.MarkExited, Name: "gw-2 exited", Endpoint: "gw-2", Start: 60 * ms, End: 60 * ms, Error: "killed after its grace"})
			})},
			report.Verdict{Outcome: check.Pass},
		},
		"a note of an error is no doubt": {
			[]*record.Run{reporttest.Trial(t, 0, func(run *record.Run) {
				run.Marks = append(run.Marks, record.Mark{Kind: record.MarkNote, Name: "look-up failed", Start: 10 * ms, End: 500 * ms, Error: "timeout"})
			})},
			report.Verdict{Outcome: check.Pass},
		},
		"nothing was done": {
			[]*record.Run{reporttest.Trial(t, 0, func(run *record.Run) { run.Marks = nil })},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{"no event was seen: nothing was done to the target"}},
		},
		"the step outlived the load": {
			[]*record.Run{reporttest.Trial(t, 0, func(run *record.Run) { run.Marks[0].End = 300 * ms })},
			report.Verdict{
				Outcome: check.Inconclusive, Hints: []string{settleHint},
				Reasons: []string{"the load ended 105.0 ms before the event did: the last request started at 195.0 ms, the event ended at 300.0 ms"},
			},
		},
		"the last replica outlived the load": {
			[]*record.Run{reporttest.Trial(t, 3, func(run *record.Run) {
				run.Marks = append(run.Marks, record.Mark{Kind: record.MarkExited, Name: "gw-2 exited", Endpoint: "gw-2", Start: 1200 * ms, End: 1200 * ms})
			})},
			report.Verdict{
				Outcome: check.Inconclusive, Hints: []string{strings.Replace(settleHint, "1s", "2s", 1)}, // it exited 1.14 s after the step
				Reasons: []string{
					"the load ended 1.005 s before the event did: the last request started at 195.0 ms, the event ended at 1.200 s",
					"expected lost == 0: lost 3",
				},
			},
		},
		"the event ended with the last request": {
			[]*record.Run{reporttest.Trial(t, 0, func(run *record.Run) { run.Marks[0].End = 195 * ms })},
			report.Verdict{Outcome: check.Pass},
		},
		"lost before anything was done": {
			[]*record.Run{reporttest.Trial(t, 1, func(run *record.Run) { run.Marks[0].Start, run.Marks[0].End = 100*ms, 110*ms })},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{
				"the baseline was not healthy: 1 request was lost before the event", "expected lost == 0: lost 1",
			}},
		},
		"no baseline": {
			[]*record.Run{reporttest.Trial(t, 0, func(run *record.Run) { run.Marks[0].Start = 0 })},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{"there is no baseline: no request succeeded before the event"}},
		},
		"a check that cannot be read": {
			[]*record.Run{reporttest.Trial(t, 0, func(run *record.Run) { run.Expect = []string{"p99 < 250"} })},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{`check "p99 < 250": column 7: a duration needs a unit, such as 250ms`}},
		},
		"a change cannot be checked on one recording": {
			[]*record.Run{reporttest.Trial(t, 0, func(run *record.Run) { run.FailIf = []string{"p99 > +10%"} })},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{`check "p99 > +10%": column 7: a change (+10%) needs two recordings to compare`}},
		},
		"a plain load needs no event to fail": {
			[]*record.Run{reporttest.NewRun(t, append(reporttest.Steady(10, 0, ms, "gw-1"), reporttest.Lost(5*ms, 6*ms, "connect.refused", "gw-1", reporttest.RefusedText)), reporttest.FailIf("lost > 0", "max>9ms", "p50 > 1s"))},
			report.Verdict{Outcome: check.Fail, Reasons: []string{"lost > 0: lost 1"}},
		},
		"a plain load passes": {
			[]*record.Run{reporttest.NewRun(t, reporttest.Steady(10, 0, ms, "gw-1"), reporttest.FailIf("lost > 0", "loss > 0.1%", "rps < 1"))},
			report.Verdict{Outcome: check.Pass},
		},
		"two checks that are met": {
			[]*record.Run{reporttest.NewRun(t, append(reporttest.Steady(99, 0, ms, "gw-1"), reporttest.Lost(5*ms, 6*ms, "connect.refused", "gw-1", reporttest.RefusedText)), reporttest.FailIf("loss>=1%", "p50>8ms", "rps < 10000"))},
			report.Verdict{Outcome: check.Fail, Reasons: []string{"loss >= 1%: loss 1.0 %", "p50 > 8ms: p50 8.5 ms", "rps < 10000: rps 937.9/s"}},
		},
		"a plain load, spoiled": {
			[]*record.Run{reporttest.Spoil(t, reporttest.NewRun(t, append(reporttest.Steady(10, 0, ms, "gw-1"), reporttest.Lost(5*ms, 6*ms, "connect.refused", "gw-1", reporttest.RefusedText)), reporttest.FailIf("lost > 0")), 1)},
			report.Verdict{
				Outcome: check.Inconclusive, Reasons: []string{"1 request failed because of this machine", "lost > 0: lost 1"},
				Hints: []string{"widen net.ipv4.ip_local_port_range, lower the rate, or keep connections alive"},
			},
		},
		"a figure that is not there decides nothing": {
			[]*record.Run{reporttest.NewRun(t, []reporttest.Request{reporttest.Lost(0, ms, "connect.refused", "gw-1", reporttest.RefusedText)}, reporttest.FailIf("p99 > 1s"))},
			report.Verdict{Outcome: check.Inconclusive, Reasons: []string{"p99 > 1s: p99 has no value in this run"}},
		},
		"expected to hold, and not to be met": {
			[]*record.Run{reporttest.Trial(t, 2, func(run *record.Run) { run.Expect, run.FailIf = []string{"ok == 200"}, []string{"lost.connect > 1"} })},
			report.Verdict{Outcome: check.Fail, Reasons: []string{"lost.connect > 1: lost.connect 2"}},
		},
		"several doubts, each hint once": {
			[]*record.Run{
				reporttest.Spoil(t, reporttest.Trial(t, 0, func(run *record.Run) { run.Variant, run.Marks[0].End = "a", 300*ms }), 2),
				reporttest.Spoil(t, reporttest.Trial(t, 0, func(run *record.Run) { run.Variant, run.Marks[0].End = "b", 300*ms }), 2),
			},
			report.Verdict{
				Outcome:  check.Inconclusive,
				Sentence: "a lost none of 202 requests; b lost none of 202",
				Reasons: []string{
					"a: 2 requests failed because of this machine",
					"a: the load ended 105.0 ms before the event did: the last request started at 195.0 ms, the event ended at 300.0 ms",
					"b: 2 requests failed because of this machine",
					"b: the load ended 105.0 ms before the event did: the last request started at 195.0 ms, the event ended at 300.0 ms",
				},
				Hints: []string{"widen net.ipv4.ip_local_port_range, lower the rate, or keep connections alive", settleHint},
			},
		},
		"a failure outweighs doubts about a later run": {
			[]*record.Run{
				reporttest.Trial(t, 2, named("a")),
				reporttest.Trial(t, 0, func(run *record.Run) { run.Variant, run.Interrupted = "b", true }),
			},
			report.Verdict{
				Outcome:  check.Fail,
				Sentence: "a lost 2 of 202 requests (0.99 %) within 2.0 ms; b lost none of 200",
				Reasons:  []string{"a: expected lost == 0: lost 2", "b: the run was interrupted"},
			},
		},
		"a failure outweighs doubts about an earlier run": {
			[]*record.Run{
				reporttest.Trial(t, 0, func(run *record.Run) { run.Variant, run.Expect, run.Require = "a", nil, []string{"lost > 0"} }),
				reporttest.Trial(t, 1, named("b")),
			},
			report.Verdict{
				Outcome:  check.Fail,
				Sentence: "a lost none of 200 requests; b lost 1 of 201 (0.50 %) within 1.0 ms",
				Reasons:  []string{"a: required lost > 0: lost 0", "b: expected lost == 0: lost 1"},
			},
		},
		"a failure that cannot be trusted beside a run that passed": {
			[]*record.Run{
				reporttest.Trial(t, 1, func(run *record.Run) { run.Variant, run.Interrupted = "a", true }),
				reporttest.Trial(t, 0, named("b")),
			},
			report.Verdict{
				Outcome:  check.Inconclusive,
				Sentence: "a lost 1 of 201 requests (0.50 %) within 1.0 ms; b lost none of 200",
				Reasons:  []string{"a: the run was interrupted", "a: expected lost == 0: lost 1"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := report.Build(reporttest.Recording(tt.runs...))
			if diff := cmp.Diff(tt.want, r.Verdict); diff != "" {
				t.Errorf("verdict differs (- want, + got)\n%s", diff)
			}
			text := textOf(t, r)
			if got := strings.Contains(text, "Verdict: "); got != (tt.want.Outcome != check.None) {
				t.Errorf("got a verdict in the text: %v; want %v", got, !got)
			}
			for _, line := range append(tt.want.Reasons, tt.want.Hints...) {
				if !strings.Contains(text, line+"\n") {
					t.Errorf("got no line %q in\n%s", line, text)
				}
			}
		})
	}
}

// TestUnfinishedRecording: the runs of an unfinished recording may be fine
// while the missing ones are not, so the verdict is inconclusive unless a check
// failed.
func TestUnfinishedRecording(t *testing.T) {
	for lost, want := range map[int]check.Outcome{0: check.Inconclusive, 3: check.Fail} {
		rec := reporttest.Recording(reporttest.Trial(t, lost, nil))
		rec.Error = "graceful: gw-3: too many open files"
		if v := report.Build(rec).Verdict; v.Outcome != want || !slices.Contains(v.Reasons, rec.Error) {
			t.Errorf("%d lost: got %v; want %s because of %q", lost, v, want, rec.Error)
		}
	}
}

// TestContradictions: each part of a recording is compared with the totals.
func TestContradictions(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(*record.Run)
		want string
	}{
		"planned":           {func(r *record.Run) { r.Counts.Unsent++ }, "planned 203 ≠ started 203 + unsent 1"},
		"started":           {func(r *record.Run) { r.Counts.Aborted++ }, "started 203 ≠ ok 200 + lost 3 + spoiled 0 + aborted 1"},
		"outcomes ok":       {func(r *record.Run) { r.Outcomes[0].Count-- }, "ok by endpoint: 199, but the total is 200"},
		"outcomes lost":     {func(r *record.Run) { r.Outcomes[len(r.Outcomes)-1].Count++ }, "lost by class: 4, but the total is 3"},
		"outcomes spoiled":  {func(r *record.Run) { r.Outcomes = append(r.Outcomes, record.Outcome{Fate: "spoiled", Count: 1}) }, "spoiled by class: 1, but the total is 0"},
		"outcomes aborted":  {func(r *record.Run) { r.Outcomes = append(r.Outcomes, record.Outcome{Fate: "aborted", Count: 1}) }, "aborted by endpoint: 1, but the total is 0"},
		"bins started":      {func(r *record.Run) { r.Bins.List[0].Started++ }, "started over time: 204, but the total is 203"},
		"bins ok":           {func(r *record.Run) { r.Bins.List[3].OK-- }, "ok over time: 199, but the total is 200"},
		"bins lost":         {func(r *record.Run) { r.Bins.List[14].Lost = nil }, "lost over time: 0, but the total is 3"},
		"bins spoiled":      {func(r *record.Run) { r.Bins.List[0].Spoiled++ }, "spoiled over time: 1, but the total is 0"},
		"bins aborted":      {func(r *record.Run) { r.Bins.List[0].Aborted++ }, "aborted over time: 1, but the total is 0"},
		"details":           {func(r *record.Run) { r.Lost = r.Lost[1:] }, "lost requests listed: 2, but the total is 3"},
		"details, untold":   {func(r *record.Run) { r.LostUnlisted = 1 }, "lost requests listed: 4, but the total is 3"},
		"no bins at all":    {func(r *record.Run) { r.Bins = record.Bins{} }, "started over time: 0, but the total is 203"},
		"no details at all": {func(r *record.Run) { r.Lost = nil }, "lost requests listed: 0, but the total is 3"},
	} {
		t.Run(name, func(t *testing.T) {
			run := reporttest.Trial(t, 3, func(run *record.Run) { run.Variant = "a" })
			if err := analysis.Of(run).Loss.Identity; err != nil {
				t.Fatalf("got %v before; want a sound run", err)
			}
			tt.edit(run)
			r := report.Build(reporttest.Recording(run))
			if got := r.Runs[0].Loss.Identity; got == nil || got.Error() != tt.want {
				t.Errorf("got %v; want %s", got, tt.want)
			}
			if got := r.Verdict.Outcome; got != check.Inconclusive {
				t.Errorf("got verdict %q; want %q", got, check.Inconclusive)
			}
			if text := textOf(t, r); !strings.Contains(text, "THE COUNTS DO NOT ADD UP: "+tt.want) {
				t.Errorf("got no contradiction in\n%s", text)
			}
		})
	}
}

// TestCheckResults: the results list each check, met or not, with the variant.
func TestCheckResults(t *testing.T) {
	r := report.Build(reporttest.Recording(
		reporttest.Trial(t, 1, func(run *record.Run) {
			run.Variant, run.Expect, run.Require = "a", nil, []string{"lost>0", "lost > 1"}
		}),
		reporttest.Trial(t, 2, func(run *record.Run) {
			run.Variant, run.FailIf = "b", []string{"lost > 1", "ok < 200", "tls.p50 > 1s", "nothing"}
		}),
	))
	want := []check.Result{
		{Where: "a", Rule: check.Require, Check: "lost > 0", Met: "lost 1", Outcome: check.Pass, Found: metric.Figure{Value: 1, Known: true, Dimension: metric.Count}},
		{Where: "a", Rule: check.Require, Check: "lost > 1", Met: "lost 1", Outcome: check.Inconclusive, Reason: "required lost > 1: lost 1", Found: metric.Figure{Value: 1, Known: true, Dimension: metric.Count}},
		{Where: "b", Rule: check.Expect, Check: "lost == 0", Met: "lost 2", Outcome: check.Fail, Reason: "expected lost == 0: lost 2", Found: metric.Figure{Value: 2, Known: true, Dimension: metric.Count}},
		{Where: "b", Rule: check.FailIf, Check: "lost > 1", Met: "lost 2", Outcome: check.Fail, Reason: "lost > 1: lost 2", Found: metric.Figure{Value: 2, Known: true, Dimension: metric.Count}},
		{Where: "b", Rule: check.FailIf, Check: "ok < 200", Met: "ok 200", Outcome: check.Pass, Found: metric.Figure{Value: 200, Known: true, Dimension: metric.Count}},
		{Where: "b", Rule: check.FailIf, Check: "tls.p50 > 1s", Outcome: check.Inconclusive, Reason: "tls.p50 > 1s: tls.p50 has no value in this run"},
		{Where: "b", Rule: check.FailIf, Check: "nothing", Outcome: check.Inconclusive, Reason: `check "nothing": column 1: unknown metric "nothing"`},
	}
	if diff := cmp.Diff(want, r.Checks); diff != "" {
		t.Errorf("results differ (- want, + got)\n%s", diff)
	}
}
