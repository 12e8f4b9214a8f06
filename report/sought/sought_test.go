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

// lose replaces the runs of a search with one value by others.
func lose(rec *record.Recording, value int64, run func() *record.Run) {
	for i, trial := range rec.Search.Trials {
		if trial.Value == value {
			old := rec.Runs[i]
			rec.Runs[i] = run()
			rec.Runs[i].Variant, rec.Runs[i].Repetition, rec.Runs[i].StartedAt = old.Variant, old.Repetition, old.StartedAt
		}
	}
}

// TestOtherChecks: where the checks are not just that nothing is lost, the answer
// does not say that, and shows what was lost.
func TestOtherChecks(t *testing.T) {
	const step = 100_000_000
	allowed := func(rec *record.Recording) {
		lose(rec, step, func() *record.Run { return reporttest.Lossy(t, 1000, 12, 0) })
	}
	lossless := func(rec *record.Recording) { lose(rec, 0, func() *record.Run { return reporttest.Graceful(t) }) }
	for name, tc := range map[string]struct {
		edit     func(*record.Recording)
		outcome  trials.Outcome
		value    int64
		sentence string
		reason   string
		lost     [2]string // of both values
	}{
		"losses are allowed": {
			allowed, trials.Found, step,
			"smallest safe pre-stop delay: 0.1 s. It passed its checks in 2 of 2 runs (lost 12); at 0 s 2 of 2 failed (lost 253)", "",
			[2]string{"253", "12"},
		},
		"another check failed": {
			lossless, trials.Found, step,
			"smallest safe pre-stop delay: 0.1 s. It passed its checks in 2 of 2 runs (lost 0); at 0 s 2 of 2 failed (lost 0)", "",
			[2]string{"0", "0"},
		},
		"always safe": {
			allowed, trials.AlwaysSafe, step,
			"no pre-stop delay from 0.1 s on failed its checks: 0.1 s passed its checks in 3 of 3 runs (lost 12)", "the least one passed its checks",
			[2]string{"253", "12"},
		},
		"never safe": {
			lossless, trials.NeverSafe, 0,
			"no pre-stop delay up to 0 s is safe: 0 s failed its checks (lost 0)", "the checks may fail for another cause",
			[2]string{"0", "0"},
		},
		"drifting": {
			allowed, trials.Drifting, 0,
			"no certain answer: 0 s passed its checks at first, and failed them later (lost 253)", "or fails now and then",
			[2]string{"253", "12"},
		},
		"interrupted": {
			allowed, trials.Interrupted, 0,
			"interrupted before the search was over; so far 0 s failed its checks (lost 253), 0.1 s passed its checks in 3 runs (lost 12)", "",
			[2]string{"253", "12"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rec := reporttest.Searched(t, trials.Found, 1)
			rec.Search.Outcome, rec.Search.Value = tc.outcome, tc.value
			tc.edit(rec)
			r := report.Build(rec)
			if got := r.Verdict.Sentence; !strings.HasPrefix(got, tc.sentence) || !strings.Contains(strings.Join(r.Verdict.Reasons, "\n"), tc.reason) {
				t.Errorf("got %q, %q", got, r.Verdict.Reasons)
			}
			rows := r.Search.Rows()
			if got := [2]string{rows[0].Lost, rows[1].Lost}; got != tc.lost || r.Search.Head().FailedIn != "failed in" || rows[0].FailedIn != "3 of 3 runs" {
				t.Errorf("got %+v", rows)
			}
			if sure := r.Search.Sure(); strings.Contains(sure, "a loss") || tc.outcome == trials.Found && !strings.HasPrefix(sure, "2 runs cannot rule out a failure in ") {
				t.Errorf("got %q", sure)
			}
		})
	}
}

// TestProvesNothing: a trial that proves nothing confirms nothing.
func TestProvesNothing(t *testing.T) {
	rec := reporttest.Searched(t, trials.Found, 1)
	last := len(rec.Search.Trials) - 1 // confirms 0.1 s
	rec.Search.Trials[last].Verdict = string(record.Inconclusive)
	rec.Runs[last] = reporttest.Lossy(t, 50_000, 12, 0)
	r := report.Build(rec)
	if got, want := r.Verdict.Sentence, "smallest safe pre-stop delay: 0.1 s. It lost nothing in 1 of 1 run; at 0 s 2 of 2 lost 253. Each run exposed 2,005 requests"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
	if got, want := r.Search.Sure(), "1 run cannot rule out a loss in every second run (95 %); --confirm 20: 1 in 7"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
	want := sought.Row{Value: "0.1 s", FailedIn: "0 of 2 runs (1 more proves nothing)", Lost: "none", Exposed: "2,005", Verdict: sought.Safe}
	if got := r.Search.Rows()[1]; got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
	for i := range rec.Search.Trials {
		rec.Search.Trials[i].Verdict = string(record.Inconclusive)
	}
	r = report.Build(rec)
	if want := (sought.Row{Value: "0.1 s", FailedIn: "-", Lost: "-", Exposed: "-", Verdict: sought.Unclear}); r.Search.Rows()[1] != want || r.Search.Sure() != "" {
		t.Errorf("got %+v, %q; want %+v", r.Search.Rows()[1], r.Search.Sure(), want)
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
