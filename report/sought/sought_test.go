package sought_test

import (
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/trials"
	"nodrop/report"
	"nodrop/report/check"
	"nodrop/report/reporttest"
	"nodrop/report/sought"
)

// TestOutcomes: what each outcome says, and that only a value found passes.
func TestOutcomes(t *testing.T) {
	const step = 100_000_000
	for outcome, tc := range map[trials.Outcome]struct {
		value    int64
		sentence string
		reason   string
	}{
		trials.Found:       {step, "smallest safe pre-stop delay: 0.1 s. It lost nothing in 2 of 2 runs; at 0 s 2 of 2 lost 253. Each run exposed 2,005 requests", ""},
		trials.AlwaysSafe:  {step, "no pre-stop delay from 0.1 s on lost requests: 0.1 s lost nothing in 3 of 3 runs. Each run exposed 2,005 requests", "nothing shows that the pre-stop delay matters"},
		trials.NeverSafe:   {0, "no pre-stop delay up to 0 s is safe: 0 s lost 253 requests", "or a larger value is needed"},
		trials.NotMonotone: {0, "no pre-stop delay was safe, and a larger one is not safer: 0 s lost 253, 2 s lost 0", "what is safe stays safe"},
		trials.TooFew:      {0, "too few requests to tell values of the pre-stop delay that are 0.1 s apart", "met by chance only, even in 2 runs"},
		trials.Unhealthy:   {0, "no pre-stop delay found: the target failed before the event, with 0 s", ""},
		trials.Unclear:     {0, "no pre-stop delay found: the trial with 0 s proves nothing", ""},
		trials.Interrupted: {0, "interrupted before the search was over; so far 0 s lost 253, 0.1 s lost nothing in 3 runs", "the search was interrupted"},
		trials.Failed:      {0, "the search was not completed; so far 0 s lost 253, 0.1 s lost nothing in 3 runs", ""},
	} {
		rec := reporttest.Searched(t, trials.Found, 1)
		rec.Search.Outcome, rec.Search.Value = outcome, tc.value
		r := report.Build(rec)
		want := check.Inconclusive
		if outcome == trials.Found {
			want = check.Pass
		}
		if r.Verdict.Outcome != want || r.Verdict.Sentence != tc.sentence || !strings.Contains(strings.Join(r.Verdict.Reasons, "\n"), tc.reason) {
			t.Errorf("%s: got %s, %q, %q", outcome, r.Verdict.Outcome, r.Verdict.Sentence, r.Verdict.Reasons)
		}
	}
}

// TestNothingTried: a search that could not begin has nothing to show.
func TestNothingTried(t *testing.T) {
	for outcome := range map[trials.Outcome]bool{trials.Found: true, trials.AlwaysSafe: true, trials.NeverSafe: true, trials.NotMonotone: true, trials.Drifting: true, trials.Unclear: true, trials.Failed: true} {
		rec := &record.Recording{Error: "no gateway", Search: &trials.Search{Title: "grace period", Range: trials.Range{Unit: "s", To: 1, Step: 1}, Confirm: 5, Outcome: outcome}}
		r := report.Build(rec)
		if r.Verdict.Outcome != check.Inconclusive || r.Verdict.Reasons[0] != "no gateway" {
			t.Errorf("%s: got %+v", outcome, r.Verdict)
		}
	}
}

// TestUnclear: the reasons are those of the trial that proves nothing.
func TestUnclear(t *testing.T) {
	rec := reporttest.Searched(t, trials.Found, 1)
	rec.Search.Outcome, rec.Search.Value = trials.Unclear, 100_000_000
	last := rec.Runs[len(rec.Runs)-1]
	last.Counts.Spoiled, last.Counts.OK = 3, last.Counts.OK-3
	r := report.Build(rec)
	if text := strings.Join(r.Verdict.Reasons, "\n"); !strings.Contains(text, "3 requests failed because of this machine") {
		t.Errorf("got %q", text)
	}
}

// TestBound: what runs without losses cannot rule out.
func TestBound(t *testing.T) {
	for n, want := range map[int]int{1: 1, 4: 1, 5: 2, 20: 7, 100: 33} {
		if got := sought.Bound(n); got != want {
			t.Errorf("%d runs: 1 in %d; want 1 in %d", n, got, want)
		}
	}
}
