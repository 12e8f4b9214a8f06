package history_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/report/comparetest"
	"nodrop/report/history"
	"nodrop/report/reporttest"
)

func of(t *testing.T, q history.Request) *history.History {
	t.Helper()
	q.Directory = "runs/"
	h, err := history.Of(q)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestSameScenario: what two recordings were asked to do decides whether they
// belong together, and what they were made with does not.
func TestSameScenario(t *testing.T) {
	step := func(name string) func(*record.Run) {
		return func(run *record.Run) {
			run.Marks = []record.Mark{{Kind: record.MarkStep, Name: name, Start: 50, End: 60}}
		}
	}
	for name, tt := range map[string]struct {
		model, other func(*record.Run)
		want         string // why the other is left out; "" if it is not
	}{
		"alike":               {},
		"URL":                 {other: func(r *record.Run) { r.Settings.URL = "http://b/" }, want: "URL http://b/, not http://gateway:8080/"},
		"method":              {other: func(r *record.Run) { r.Settings.Method = "POST" }, want: "method POST, not GET"},
		"-n":                  {other: func(r *record.Run) { r.Settings.Requests = 400 }, want: "number of requests (-n) 400, not 1000"},
		"-c and -q":           {other: func(r *record.Run) { r.Settings.Workers, r.Settings.Rate = 20, 5 }, want: "workers (-c) 20, not 10; rate per worker (-q) 5/s, not none"},
		"-z":                  {other: func(r *record.Run) { r.Settings.Duration = time.Minute }, want: "duration (-z) 1m0s, not none"},
		"keep-alive":          {other: func(r *record.Run) { r.Settings.KeepAlive = false }, want: "keep-alive off, not on"},
		"gateway":             {other: func(r *record.Run) { r.Gateway = "nginx 1.26" }, want: "gateway nginx, not none"},
		"version of gateway":  {model: func(r *record.Run) { r.Gateway = "nginx 1.27" }, other: func(r *record.Run) { r.Gateway = "nginx 1.26" }},
		"engine, version, OS": {other: func(r *record.Run) { r.Settings.Engine, r.Environment = "loop", record.Environment{} }},
		"variant":             {model: func(r *record.Run) { r.Variant = "graceful" }, other: func(r *record.Run) { r.Variant = "abrupt" }, want: "no variant graceful"},
		"variants":            {other: func(r *record.Run) { r.Variant = "abrupt" }, want: "variants, not a plain load"},
		"stream":              {model: func(r *record.Run) { r.Stream = "a" }, other: func(r *record.Run) { r.Stream = "b" }, want: "loads b, not a"},
		"unnamed stream":      {other: func(r *record.Run) { r.Stream = "b" }, want: "loads b, not without a name"},
		"no event":            {model: step("restart deployment/gw"), want: "event none, not restart deployment/gw"},
		"another event":       {model: step("restart deployment/gw"), other: step("scale deployment/gw to 1"), want: "event scale deployment/gw to, not restart deployment/gw"},
		"another version":     {model: step("./deploy.sh v1.4.0"), other: step("./deploy.sh v1.3.9")},
	} {
		t.Run(name, func(t *testing.T) {
			runs := reporttest.Lossies(t, 1, 2)
			for i, edit := range []func(*record.Run){tt.other, tt.model} {
				if edit != nil {
					edit(runs[i])
				}
			}
			h := of(t, history.Request{Recordings: comparetest.Nights(t, runs...)})
			var want []history.Left
			if tt.want != "" {
				want = []history.Left{{File: "night-01.json", Reason: tt.want, Why: history.Other}}
			}
			if diff := cmp.Diff(want, h.Left); diff != "" || len(h.Loads[0].Past) != 2-len(want) {
				t.Errorf("%d recordings; left out: %s", len(h.Loads[0].Past), diff)
			}
		})
	}
}

// TestSurroundings: what the recordings were made with is said if it differs.
func TestSurroundings(t *testing.T) {
	runs := reporttest.Lossies(t, 1, 2)
	runs[1].Environment.Version, runs[1].Settings.Engine = "next", "loop"
	h := of(t, history.Request{Recordings: comparetest.Nights(t, runs...)})
	if diff := cmp.Diff([]string{"different engine: loop, pool", "different nodrop version: next, test"}, h.Loads[0].Notes); diff != "" {
		t.Error(diff)
	}
}

// TestNotItsOwnPast: the new recording, copies of any, and what came later are no
// past.
func TestNotItsOwnPast(t *testing.T) {
	past := comparetest.Nights(t, reporttest.Lossies(t, 1, 2, 3, 4)...)
	next, again := *past[2], *past[0]
	next.File, again.File = "new.json", "z-copy.json"
	h := of(t, history.Request{Recordings: append(past, &again), New: &next, Judged: true, Left: []history.Left{{File: "x.json", Reason: "not a nodrop recording", Why: history.Unreadable}}})
	want := []history.Left{
		{File: "night-03.json", Reason: "a copy of new.json", Why: history.Copy},
		{File: "z-copy.json", Reason: "a copy of night-01.json", Why: history.Copy},
		{File: "night-04.json", Reason: "recorded after new.json", Why: history.Later},
		{File: "x.json", Reason: "not a nodrop recording", Why: history.Unreadable},
	}
	if diff := cmp.Diff(want, h.Left); diff != "" {
		t.Error(diff)
	}
	if l := h.Loads[0]; len(l.Past) != 2 || l.Past[0].File != "night-01.json" || l.Past[1].File != "night-02.json" || l.New.File != "new.json" {
		t.Errorf("got %+v", l)
	}
}

// TestVariants: the last variant counts, or the one asked for.
func TestVariants(t *testing.T) {
	lab := func(day int) *history.Recording {
		return comparetest.Night(t, day, reporttest.Abrupt(t), reporttest.Graceful(t))
	}
	past := []*history.Recording{lab(1), lab(2)}
	for asked, want := range map[string]string{"": "graceful", "abrupt": "abrupt"} {
		h := of(t, history.Request{Recordings: past, Variant: asked})
		if got := h.Loads[0].Past[0].Arm; h.Variant != want || got.Variant != want || len(got.Runs) != 1 || got.Runs[0].Run.Variant != want {
			t.Errorf("%q: got variant %q, %+v; want %q", asked, h.Variant, got, want)
		}
	}
	for problem, q := range map[string]history.Request{
		`--history runs: no recording has a run of variant "naive"`: {Directory: "runs", Recordings: past, Variant: "naive"},
		`night-02.json: no run of variant "naive"`:                  {Directory: "runs", Recordings: past, New: past[1], Judged: true, Variant: "naive"},
		"--history runs: there is no recording in it":               {Directory: "runs"},
	} {
		if _, err := history.Of(q); err == nil || err.Error() != problem {
			t.Errorf("got %v; want %s", err, problem)
		}
	}
}

// TestTrend: what the halves of a history say, and that too few say nothing.
func TestTrend(t *testing.T) {
	for _, tt := range []struct {
		lost      []int
		direction history.Direction
		text      string
	}{
		{[]int{5}, history.TooFew, "1 recording: too few to tell; it takes 8"},
		{[]int{0}, history.TooFew, "1 recording: too few to tell; it takes 8"},
		{[]int{0, 0, 0}, history.NoLoss, "none of 3 runs lost requests; up to 63 % of such runs may (95 % confidence)"},
		{[]int{1, 2, 3, 14, 15, 16, 17}, history.TooFew, "7 recordings: too few to tell; it takes 8"},
		{[]int{1, 2, 3, 4, 15, 16, 17, 18}, history.Rising, "more lost than before: a median of 2.5 in the older 4 recordings and 16.5 in the newer 4 (p = 0.029); outage 1.1 ms, then 2.5 ms"},
		{[]int{18, 17, 16, 15, 4, 3, 2, 1, 0}, history.Falling, "fewer lost than before: a median of 16.5 in the older 4 recordings and 2 in the newer 5 (p = 0.016); outage 2.5 ms, then 1.1 ms"},
		{[]int{1, 9, 2, 8, 3, 7, 4, 6}, history.NotShown, "none shown: a median of 5 in the older 4 recordings and 5 in the newer 4 may be chance (p = 1.000); outage 1.4 ms, then 1.4 ms"},
	} {
		t.Run(fmt.Sprint(tt.lost), func(t *testing.T) {
			trend := of(t, history.Request{Recordings: comparetest.Nights(t, reporttest.Lossies(t, tt.lost...)...)}).Loads[0].Trend
			if got := trend.String(); trend.Direction != tt.direction || got != tt.text {
				t.Errorf("got %s: %q; want %s: %q", trend.Direction, got, tt.direction, tt.text)
			}
		})
	}
}

// TestTrendCountsRecordings: repetitions of one night are one sample of a trend,
// since they share what is special about it.
func TestTrendCountsRecordings(t *testing.T) {
	var past []*history.Recording
	for day, lost := range []int{0, 10, 20} {
		runs := reporttest.Lossies(t, lost, lost+1, lost+5)
		for i, run := range runs {
			run.Repetition = i + 1
		}
		past = append(past, comparetest.Night(t, day+1, runs...))
	}
	trend := of(t, history.Request{Recordings: past}).Loads[0].Trend
	if trend.Direction != history.TooFew || trend.Recordings != 3 || trend.Runs != 9 || trend.Lost.Newer.Median != 16 {
		t.Errorf("got %+v; want 3 recordings of 9 runs, too few", trend)
	}
}
