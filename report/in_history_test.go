package report_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/report/check"
	"nodrop/report/comparetest"
	"nodrop/report/history"
	"nodrop/report/metric"
	"nodrop/report/reporttest"
)

// twelve is what twelve nights lost; sorted: 0 0 0 1 1 2 3 4 4 5 6 12.
var twelve = []int{0, 2, 1, 0, 3, 12, 0, 4, 1, 5, 6, 4}

// TestInHistory: what a new recording is judged by.
func TestInHistory(t *testing.T) {
	for name, tt := range map[string]struct {
		past   []int
		lost   int
		checks []string
		want   check.Outcome
		reason string
	}{
		"above p99":             {twelve, 13, []string{"lost > p99(history)"}, check.Fail, "lost > p99(history): lost 13; p99 of 12 past runs is 12, their maximum"},
		"at p99":                {twelve, 12, []string{"lost > p99(history)"}, check.Pass, ""},
		"at p99, or above":      {twelve, 12, []string{"lost>=p99( history )"}, check.Fail, "lost >= p99(history): lost 12; p99 of 12 past runs is 12, their maximum"},
		"above p90":             {twelve, 7, []string{"lost > p90(history)"}, check.Fail, "lost > p90(history): lost 7; p90 of 12 past runs is 6"},
		"at p90":                {twelve, 6, []string{"lost > p90(history)"}, check.Pass, ""},
		"above p50":             {twelve, 3, []string{"lost > p50(history)"}, check.Fail, "lost > p50(history): lost 3; p50 of 12 past runs is 2"},
		"above max":             {twelve, 13, []string{"lost > max(history)"}, check.Fail, "lost > max(history): lost 13; max of 12 past runs is 12"},
		"below min":             {twelve, 13, []string{"ok < min(history)"}, check.Fail, "ok < min(history): ok 987; min of 12 past runs is 988"},
		"below p1":              {twelve, 13, []string{"ok < p1(history)"}, check.Fail, "ok < p1(history): ok 987; p1 of 12 past runs is 988, their minimum"},
		"a ratio":               {twelve, 13, []string{"loss > p50(history)"}, check.Fail, "loss > p50(history): loss 1.3 %; p50 of 12 past runs is 0.20 %"},
		"nine are too few":      {twelve[:9], 900, []string{"lost > p99(history)"}, check.Inconclusive, "lost > p99(history): lost 900; too few past runs to say what is usual: 9 (0–12), and it takes 10"},
		"too few to pass":       {twelve[:9], 1, []string{"lost > p99(history)"}, check.Inconclusive, "lost > p99(history): lost 1; too few past runs to say what is usual: 9 (0–12), and it takes 10"},
		"ten are enough":        {twelve[:10], 13, []string{"lost > p99(history)"}, check.Fail, "lost > p99(history): lost 13; p99 of 10 past runs is 12, their maximum"},
		"nothing lost, ever":    {nil, 0, []string{"lost > p99(history)"}, check.Pass, ""},
		"one past run":          {twelve[4:5], 4, []string{"lost > p99(history)"}, check.Inconclusive, "lost > p99(history): lost 4; too few past runs to say what is usual: 1 (3), and it takes 10"},
		"no past run":           {nil, 1, []string{"lost > p99(history)"}, check.Inconclusive, "lost > p99(history): lost 1, and no past run says what is usual"},
		"a number":              {twelve, 3, []string{"lost > 2"}, check.Fail, "lost > 2: lost 3"},
		"a number, not met":     {nil, 2, []string{"lost > 2"}, check.Pass, ""},
		"both":                  {twelve, 3, []string{"lost > p99(history)", "lost > 2"}, check.Fail, "lost > 2: lost 3"},
		"undecided and failed":  {twelve[:2], 3, []string{"lost > p99(history)", "lost > 2"}, check.Inconclusive, "lost > 2: lost 3"},
		"no figure":             {twelve, 1000, []string{"p99 > p99(history)"}, check.Inconclusive, "p99 > p99(history): p99 has no value in this run"},
		"a change":              {twelve, 3, []string{"lost > +10%"}, check.Inconclusive, `check "lost > +10%": column 8: a change (+10%) needs BASE and NEW, not a history`},
		"without a check: none": {twelve, 0, nil, check.Pass, ""},
		"none, and no past":     {nil, 0, nil, check.Pass, ""},
		"some, and no past":     {nil, 1, nil, check.Inconclusive, "no past run of this scenario says what is usual"},
		"the first to lose":     {[]int{0, 0, 0}, 1, nil, check.Fail, "new lost requests, and none of 3 past runs did"},
		"more than any":         {twelve, 13, nil, check.Fail, "new lost 13, more than any of 12 past runs (0–12)"},
		"more than a few":       {twelve[:6], 13, nil, check.Inconclusive, "new lost 13; too few past runs to say what is usual: 6 (0–12), and it takes 10"},
		"as usual":              {twelve, 12, nil, check.Inconclusive, "new lost requests, but no more than some of 12 past runs (0–12)"},
	} {
		t.Run(name, func(t *testing.T) {
			past := comparetest.Nights(t, reporttest.Lossies(t, tt.past...)...)
			v := comparetest.InHistory(t, past, comparetest.Tonight(t, reporttest.Lossy(t, 1000, tt.lost, 0)), tt.checks...).Verdict
			if v.Outcome != tt.want || tt.reason != "" && !slices.Contains(v.Reasons, tt.reason) || tt.reason == "" && len(v.Reasons) > 0 {
				t.Errorf("got %s because of %q; want %s because of %q", v.Outcome, v.Reasons, tt.want, tt.reason)
			}
		})
	}
}

// TestInHistorySaysHowRare: a check on the maximum of a few runs says how often
// chance alone meets it.
func TestInHistorySaysHowRare(t *testing.T) {
	judge := func(lost int, text string) []string {
		past := comparetest.Nights(t, reporttest.Lossies(t, twelve...)...)
		return comparetest.InHistory(t, past, comparetest.Tonight(t, reporttest.Lossy(t, 1000, lost, 0)), text).History.Loads[0].Notes
	}
	if diff := cmp.Diff([]string{"a run that is like the 12 past ones is beyond their maximum 1 time in 13"}, judge(13, "lost > p99(history)")); diff != "" {
		t.Error(diff)
	}
	if got := judge(7, "lost > p90(history)"); len(got) > 0 {
		t.Errorf("got %q of a quantile that is no extreme; want nothing", got)
	}
}

// TestInHistoryRepeated: each new run is judged, and each past run counts.
func TestInHistoryRepeated(t *testing.T) {
	repeat := func(runs ...*record.Run) []*record.Run {
		for i, run := range runs {
			run.Variant, run.Repetition = "graceful", i+1
		}
		return runs
	}
	var past []*history.Recording
	for i := range 4 {
		past = append(past, comparetest.Night(t, i+1, repeat(reporttest.Lossies(t, twelve[3*i:3*i+3]...)...)...))
	}
	r := comparetest.InHistory(t, past, comparetest.Tonight(t, repeat(reporttest.Lossies(t, 1, 13, 14)...)...), "lost > p99(history)", "lost > 20")
	want := []string{"lost > p99(history): lost 13 in new.json, graceful #2; failed in 2 of 3 runs; p99 of 12 past runs is 12, their maximum"}
	if diff := cmp.Diff(want, r.Verdict.Reasons); diff != "" || r.Verdict.Outcome != check.Fail {
		t.Errorf("%s: %s", r.Verdict.Outcome, diff)
	}
	if want := "new lost requests in 3 of 3 runs, 1–14 per run (0.10–1.4 %); history lost requests in 9 of 12 runs, 0–12 per run (0–1.2 %)"; r.Verdict.Sentence != want {
		t.Errorf("got %q; want %q", r.Verdict.Sentence, want)
	}
	want = []string{"of 3 runs that are like the 12 past ones, at least one is beyond their maximum 3 times in 15"}
	if diff := cmp.Diff(want, r.History.Loads[0].Notes); diff != "" {
		t.Error(diff)
	}
	got := r.History.Loads[0].Checks[0]
	limit := check.Limit{
		Figure: metric.Figure{Value: 12, Known: true}, Runs: 12, Extreme: check.Maximum,
		Least: metric.Figure{Known: true}, Most: metric.Figure{Value: 12, Known: true},
	}
	if diff := cmp.Diff(limit, got.Limit); diff != "" || got.Found.Value != 13 {
		t.Errorf("found %v; limit: %s", got.Found, diff)
	}
}

// TestInHistoryWithoutNew: with a check, the newest is judged by the others.
func TestInHistoryWithoutNew(t *testing.T) {
	nights := func() []*history.Recording {
		past := comparetest.Nights(t, reporttest.Lossies(t, append(slices.Clone(twelve), 13)...)...)
		slices.Reverse(past)
		return past
	}
	r := comparetest.InHistory(t, nights(), nil, "lost > max(history)")
	if l := r.History.Loads[0]; l.New.File != "night-13.json" || len(l.Past) != 12 || l.Past[0].File != "night-01.json" || r.Verdict.Outcome != check.Fail {
		t.Errorf("got %+v, %v; want night 13 to fail", l, r.Verdict)
	}
	r = comparetest.InHistory(t, nights(), nil)
	if l := r.History.Loads[0]; l.New != nil || len(l.Past) != 13 || r.Verdict.Outcome != check.None {
		t.Errorf("got %+v, %v; want only a list", l, r.Verdict)
	}
	if want := "history lost requests in 10 of 13 runs, 0–13 per run (0–1.3 %)"; r.Verdict.Sentence != want {
		t.Errorf("got %q; want %q", r.Verdict.Sentence, want)
	}
}

// TestInHistoryDoubts: a past run that cannot be trusted does not count, and a new
// one makes the verdict inconclusive.
func TestInHistoryDoubts(t *testing.T) {
	runs := reporttest.Lossies(t, twelve...)
	reporttest.Spoil(t, runs[5], 2) // the one that lost 12
	r := comparetest.InHistory(t, comparetest.Nights(t, runs...), comparetest.Tonight(t, reporttest.Lossy(t, 1000, 7, 0)), "lost > p99(history)")
	if want := []string{"lost > p99(history): lost 7; p99 of 11 past runs is 6, their maximum"}; !slices.Equal(r.Verdict.Reasons, want) {
		t.Errorf("got %q; want %q", r.Verdict.Reasons, want)
	}
	line := r.History.Loads[0].Past[5]
	if want := []string{"2 requests failed because of this machine"}; !slices.Equal(line.Doubts, want) || len(line.Counted) > 0 || len(line.Arm.Runs) != 1 {
		t.Errorf("got %+v; want it listed and not counted", line)
	}
	spoiled := comparetest.Tonight(t, reporttest.Spoil(t, reporttest.Lossy(t, 1000, 13, 0), 1))
	v := comparetest.InHistory(t, comparetest.Nights(t, reporttest.Lossies(t, twelve...)...), spoiled, "lost > p99(history)").Verdict
	if v.Outcome != check.Inconclusive || v.Reasons[0] != "new.json: 1 request failed because of this machine" {
		t.Errorf("got %s because of %q; want it to be inconclusive", v.Outcome, v.Reasons)
	}
	required := reporttest.Lossies(t, 5)
	required[0].Require = []string{"lost > 9"}
	if got := comparetest.Nights(t, required...)[0].Runs[0].Doubt; got == "" {
		t.Error("a run whose require is false counts")
	}
}

// TestInHistoryOfStreams: each load is judged by its own past.
func TestInHistoryOfStreams(t *testing.T) {
	both := func(day, kept, fresh int) *history.Recording {
		a, b := reporttest.Lossy(t, 1000, kept, 0), reporttest.Lossy(t, 1000, fresh, 0)
		a.Stream, b.Stream = "kept", "fresh"
		return comparetest.Night(t, day, a, b)
	}
	var past []*history.Recording
	for i := range 10 {
		past = append(past, both(i+1, 100+i, i))
	}
	r := comparetest.InHistory(t, past, both(11, 100, 100), "lost > max(history)")
	if want := []string{"fresh: lost > max(history): lost 100; max of 10 past runs is 9"}; !slices.Equal(r.Verdict.Reasons, want) {
		t.Errorf("got %q; want %q", r.Verdict.Reasons, want)
	}
	if l := r.History.Loads; len(l) != 2 || l[0].Judged.Outcome != check.Pass || l[1].Judged.Outcome != check.Fail {
		t.Errorf("got %+v", l)
	}
}
