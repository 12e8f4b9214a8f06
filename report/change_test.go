package report_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/comparetest"
	"nodrop/report/reporttest"
)

// TestChangeVerdict: what decides a verdict, and what makes it inconclusive.
func TestChangeVerdict(t *testing.T) {
	one := func(lost int) func(testing.TB) []*record.Run {
		return func(t testing.TB) []*record.Run { return reporttest.Lossies(t, lost) }
	}
	many := func(lost ...int) func(testing.TB) []*record.Run {
		return func(t testing.TB) []*record.Run { return reporttest.Lossies(t, lost...) }
	}
	for name, tt := range map[string]struct {
		base, next func(testing.TB) []*record.Run
		checks     []string
		want       check.Outcome
		reason     string // must be among the reasons
	}{
		"neither lost":             {one(0), one(0), nil, check.Pass, ""},
		"new lost nothing":         {one(5), one(0), nil, check.Pass, ""},
		"new lost, base did not":   {one(0), one(1), nil, check.Fail, "new lost requests and base did not"},
		"both lost, one run each":  {one(50), one(1), nil, check.Inconclusive, "both arms lost requests: with one run of each, the difference may be chance"},
		"one run of new lost":      {many(0, 0, 0, 0, 0), many(0, 0, 0, 0, 1), nil, check.Fail, "new lost requests and base did not"},
		"one run of base lost":     {many(0, 0, 0, 0, 1), many(0, 0, 0, 0, 0), nil, check.Pass, ""},
		"new lost more":            {many(1, 2, 3, 4, 5), many(6, 7, 8, 9, 10), nil, check.Fail, "new lost more than base: 3 → 8, p = 0.008"},
		"new lost less":            {many(6, 7, 8, 9, 10), many(1, 2, 3, 4, 5), nil, check.Pass, ""},
		"cannot be told":           {many(1, 2, 3, 4, 5), many(2, 3, 4, 5, 6), nil, check.Inconclusive, "both arms lost requests, and the difference may be chance: 3 → 4, p = 0.444"},
		"too few runs":             {many(1, 2, 3), many(6, 7, 8), nil, check.Inconclusive, "both arms lost requests, and 3 + 3 runs are too few to tell a difference from chance: 2 → 7"},
		"all alike":                {many(3, 3, 3, 3), many(3, 3, 3, 3), nil, check.Inconclusive, "both arms lost requests, and the difference may be chance: 3 → 3, p = 1.000"},
		"a check decides":          {one(50), one(1), []string{"lost > 1"}, check.Pass, ""},
		"a check in place of loss": {one(0), one(9), []string{"p99 > 1s"}, check.Pass, ""},
		"a check that is met":      {one(50), one(2), []string{"lost > 1"}, check.Fail, "lost > 1: lost 2"},
		"met in some runs":         {many(0, 0), many(0, 3, 4), []string{"lost > 0"}, check.Fail, "lost > 0: lost 3 in on-2.json; failed in 2 of 3 runs"},
		"a change, met":            {one(100), one(111), []string{"lost > +10%"}, check.Fail, "lost > +10%: lost +11 % (100 → 111)"},
		"a change, just not met":   {one(100), one(110), []string{"lost > +10%"}, check.Pass, ""},
		"a change, just met":       {one(100), one(110), []string{"lost >= +10%"}, check.Fail, "lost >= +10%: lost +10 % (100 → 110)"},
		"a change for the better":  {one(100), one(50), []string{"ok < -5%"}, check.Pass, ""},
		"a loss of ok":             {one(0), one(100), []string{"ok < -5%"}, check.Fail, "ok < -5%: ok -10 % (1,000 → 900)"},
		"medians change":           {many(10, 20, 90), many(1, 30, 31), []string{"lost > +49%"}, check.Inconclusive, "lost > +49%: lost +50 % (20 → 30): chance alone may explain it"},
		"a change beyond chance":   {many(1, 2, 3, 4, 5), many(6, 7, 8, 9, 10), []string{"lost > +10%"}, check.Fail, "lost > +10%: lost +167 % (3 → 8), p = 0.008"},
		"from 0 to some":           {one(0), one(1), []string{"lost > +10%"}, check.Inconclusive, "lost > +10%: base is 0 and new is 1: there is no percentage change from 0"},
		"from 0 to 0":              {one(0), one(0), []string{"lost > +10%"}, check.Pass, ""},
		"no figure, relative":      {one(0), one(1000), []string{"p99 > +10%"}, check.Inconclusive, "p99 > +10%: not every run has a p99"},
		"no figure, absolute":      {one(0), one(1000), []string{"p99 > 1s"}, check.Inconclusive, "p99 > 1s: p99 has no value in this run"},
		"undecided beside failed":  {one(0), one(1000), []string{"p99 > 1s", "lost > 0"}, check.Inconclusive, "lost > 0: lost 1,000"},
	} {
		t.Run(name, func(t *testing.T) {
			v := comparetest.Compared(t, comparetest.Arm(t, "off", tt.base(t)...), comparetest.Arm(t, "on", tt.next(t)...), tt.checks...).Verdict
			if v.Outcome != tt.want || tt.reason != "" && !slices.Contains(v.Reasons, tt.reason) || tt.reason == "" && len(v.Reasons) > 0 {
				t.Errorf("got %s because of %q; want %s because of %q", v.Outcome, v.Reasons, tt.want, tt.reason)
			}
		})
	}
}

// TestChangeDoubts: a run that cannot be trusted, in either arm, makes the
// comparison inconclusive, whatever a check says.
func TestChangeDoubts(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(t *testing.T, s *compare.Saved)
		want string
	}{
		"spoiled": {func(t *testing.T, s *compare.Saved) {
			t.Helper()
			reporttest.Spoil(t, s.Recording.Runs[0], 2)
		}, "2 requests failed because of this machine"},
		"broken":      {func(_ *testing.T, s *compare.Saved) { s.Recording.Runs[0].Counts.OK++ }, "the counts do not add up: started 1000 ≠ ok 1001 + lost 0 + spoiled 0 + aborted 0"},
		"interrupted": {func(_ *testing.T, s *compare.Saved) { s.Recording.Runs[0].Interrupted = true }, "the run was interrupted"},
		"error":       {func(_ *testing.T, s *compare.Saved) { s.Recording.Error = "gw-3: too many open files" }, "gw-3: too many open files"},
	} {
		t.Run(name, func(t *testing.T) {
			for side := range 2 {
				arms := [2][]compare.Saved{comparetest.Arm(t, "off", reporttest.Lossies(t, 0)...), comparetest.Arm(t, "on", reporttest.Lossies(t, 0)...)}
				tt.edit(t, &arms[side][0])
				for _, checks := range [][]string{nil, {"started > 0"}, {"ok > +1000%"}} {
					v := comparetest.Compared(t, arms[0], arms[1], checks...).Verdict
					if want := arms[side][0].File + ": " + tt.want; v.Outcome != check.Inconclusive || !slices.Contains(v.Reasons, want) {
						t.Errorf("%q: got %s because of %q; want %s because of %q", checks, v.Outcome, v.Reasons, check.Inconclusive, want)
					}
				}
			}
		})
	}
}

// TestChangeArms: which runs of a recording make an arm.
func TestChangeArms(t *testing.T) {
	both := []compare.Saved{{File: "lab.json", Recording: reporttest.Recording(reporttest.Abrupt(t), reporttest.Graceful(t))}}
	plain := []compare.Saved{{File: "plain.json", Recording: reporttest.Recording(reporttest.Lossy(t, 100, 0, 0), reporttest.Lossy(t, 100, 1, 0))}}
	r := comparetest.Compared(t, plain, plain)
	if got := len(r.Compared[0].Base.Runs); got != 2 || r.Compared[0].Base.Runs[1].Name != "plain.json, run 2" {
		t.Errorf("got %d runs, %q; want both of the file", got, r.Compared[0].Base.Runs[1].Name)
	}
	for name, tt := range map[string]struct {
		base, next    []compare.Saved
		variant       string
		problem, hint string
	}{
		"two variants":    {both, both, "", "base: several variants: abrupt, graceful", "compare one at a time: --variant graceful"},
		"no such variant": {both, both, "naive", `lab.json: no run of variant "naive"`, ""},
		"in one arm only": {both, plain, "graceful", `plain.json: no run of variant "graceful"`, ""},
		"no run":          {[]compare.Saved{{File: "empty.json", Recording: reporttest.Recording()}}, plain, "", "empty.json: no runs", ""},
	} {
		_, err := report.Compare(tt.base, tt.next, tt.variant, nil)
		hint := ""
		if hinted, ok := errors.AsType[*misuse.Error](err); ok {
			hint = hinted.Hint
		}
		if err == nil || err.Error() != tt.problem || hint != tt.hint {
			t.Errorf("%s: got %v, hint %q; want %s, %q", name, err, hint, tt.problem, tt.hint)
		}
	}
}

// TestWarnings: the warnings name each condition that differs, and no other.
func TestWarnings(t *testing.T) {
	base := comparetest.Arm(t, "off", reporttest.Lossy(t, 100, 0, 0))
	if got := comparetest.Compared(t, base, comparetest.Arm(t, "on", reporttest.Lossy(t, 100, 0, 0))).Compared[0].Warnings; len(got) > 0 {
		t.Errorf("got %q for the same load; want nothing", got)
	}
	for want, edit := range map[string]func(*record.Run){
		"different URL: base http://gateway:8080/, new http://b/":  func(r *record.Run) { r.Settings.URL = "http://b/" },
		"different method: base GET, new POST":                     func(r *record.Run) { r.Settings.Method = "POST" },
		"different workers (-c): base 10, new 20":                  func(r *record.Run) { r.Settings.Workers = 20 },
		"different rate per worker (-q): base none, new 25/s":      func(r *record.Run) { r.Settings.Rate = 25 },
		"different number of requests (-n): base 100, new none":    func(r *record.Run) { r.Settings.Requests = 0 },
		"different duration (-z): base none, new 10s":              func(r *record.Run) { r.Settings.Duration = 10 * time.Second },
		"different timeout (-t): base 20s, new none":               func(r *record.Run) { r.Settings.Timeout = -1 },
		"different connect timeout: base 20s, new 1s":              func(r *record.Run) { r.Settings.ConnectTimeout = time.Second },
		"different keep-alive: base on, new off":                   func(r *record.Run) { r.Settings.KeepAlive = false },
		"different redirects: base on, new off":                    func(r *record.Run) { r.Settings.Redirects = false },
		"different --ok: base 2xx,3xx, new 200":                    func(r *record.Run) { r.Settings.OK = "200" },
		"different engine: base pool, new loop":                    func(r *record.Run) { r.Settings.Engine = "loop" },
		"different nodrop version: base test, new 9":               func(r *record.Run) { r.Environment.Version = "9" },
		"different system: base linux/amd64, new linux/arm64":      func(r *record.Run) { r.Environment.Arch = "arm64" },
		"different processors (-cpus): base 4, new 8":              func(r *record.Run) { r.Environment.CPUs = 8 },
		"different variant: base none, new graceful":               func(r *record.Run) { r.Variant = "graceful" },
		"the same run appears twice: off-1.json and on-1.json":     func(r *record.Run) { r.StartedAt = r.StartedAt.Add(-time.Hour) },
		"different method: base GET, new GET and HEAD (two files)": nil,
	} {
		run := reporttest.Lossy(t, 100, 0, 0)
		next := comparetest.Arm(t, "on", run)
		if edit == nil {
			head := reporttest.Lossy(t, 100, 0, 0, reporttest.Edited(func(r *record.Run) { r.Settings.Method = "HEAD" }))
			next, want = comparetest.Arm(t, "on", run, head), strings.TrimSuffix(want, " (two files)")
		} else {
			edit(run)
		}
		if diff := cmp.Diff([]string{want}, comparetest.Compared(t, base, next).Compared[0].Warnings); diff != "" {
			t.Errorf("warnings differ (- want, + got)\n%s", diff)
		}
	}
	closed := "closed loop: the faster requests fail, the more of them are sent; compare windows, not percentages"
	if got := comparetest.Compared(t, base, comparetest.Arm(t, "on", reporttest.Lossy(t, 100, 7, 0))).Compared[0].Warnings; !slices.Equal(got, []string{closed}) {
		t.Errorf("got %q; want a warning of the closed loop", got)
	}
}

// TestChangeOfNothing: an arm compared with itself shows no change and never
// fails.
func TestChangeOfNothing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		runs := randomRuns(t, rnd, 1+rnd.IntN(6))
		r := comparetest.Compared(t, comparetest.Arm(t, "off", runs...), comparetest.Arm(t, "off", runs...))
		for _, row := range r.Compared[0].Rows {
			if text := row.ChangeText(); text != "=" && text != "~" && text != "-" {
				t.Errorf("%d runs, %s: got %s against itself", len(runs), row.Metric, text)
			}
		}
		if r.Verdict.Outcome == check.Fail {
			t.Errorf("got %v against itself; want no failure", r.Verdict)
		}
	}
}

// TestChangeSwapped: swapping the arms reverses every sign but changes no
// p-value.
func TestChangeSwapped(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		n := 1 + rnd.IntN(6)
		a, b := comparetest.Arm(t, "off", randomRuns(t, rnd, n)...), comparetest.Arm(t, "on", randomRuns(t, rnd, n)...)
		there, back := comparetest.Compared(t, a, b).Compared[0].Rows, comparetest.Compared(t, b, a).Compared[0].Rows
		if len(there) != len(back) {
			t.Fatalf("got %d rows, and %d swapped", len(there), len(back))
		}
		for i, x := range there {
			y := back[i]
			if x.Metric != y.Metric || x.Direction != -y.Direction || x.Significant != y.Significant || math.Abs(x.Adjusted-y.Adjusted) > 1e-9 {
				t.Errorf("%+v\nswapped: %+v", x, y)
			}
			if x.ChangeKnown && y.ChangeKnown && ((x.Change > 0) != (y.Change < 0) || (x.Change < 0) != (y.Change > 0)) {
				t.Errorf("%s: got %v, and %v swapped", x.Metric, x.Change, y.Change)
			}
			plain := func(r compare.ChangeRow) bool { return slices.Contains([]string{"=", "~", "-"}, r.ChangeText()) }
			if plain(x) != plain(y) || plain(x) && x.ChangeText() != y.ChangeText() {
				t.Errorf("%s: got %s, and %s swapped", x.Metric, x.ChangeText(), y.ChangeText())
			}
		}
	}
}

func randomRuns(t testing.TB, rnd *rand.Rand, n int) []*record.Run {
	t.Helper()
	var runs []*record.Run
	most := rnd.IntN(20)
	for range n {
		runs = append(runs, reporttest.Lossy(t, 100, rnd.IntN(1+most), rnd.Int64N(20)*ms))
	}
	return runs
}

// streamed saves a run for each stream with the given number of losses.
func streamed(t testing.TB, file string, streams []string, lost ...int) []compare.Saved {
	t.Helper()
	rec := reporttest.Recording()
	for i, stream := range streams {
		run := reporttest.Lossy(t, 1000, lost[i], 0)
		run.Stream = stream
		rec.Runs = append(rec.Runs, run)
	}
	return []compare.Saved{{File: file, Recording: rec}}
}

// TestCompareStreams: each stream is compared and gets a verdict; both arms
// must have the same streams.
func TestCompareStreams(t *testing.T) {
	two := []string{"new", "kept"}
	base, next := streamed(t, "off.json", two, 0, 0), streamed(t, "on.json", two, 7, 0)
	r := comparetest.Compared(t, base, next)
	if want := []string{"new: new lost requests and base did not"}; r.Verdict.Outcome != check.Fail || !slices.Equal(r.Verdict.Reasons, want) {
		t.Errorf("got %s: %q; want fail: %q", r.Verdict.Outcome, r.Verdict.Reasons, want)
	}
	if len(r.Compared) != 2 || r.Compared[0].Verdict.Outcome != check.Fail || r.Compared[1].Verdict.Outcome != check.Pass {
		t.Fatalf("got %d streams; want new to fail and kept to pass", len(r.Compared))
	}
	_, err := report.Compare(streamed(t, "off.json", two[:1], 0), next, "", nil)
	if want := "base: no run of stream kept, but new has one"; err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}

// TestStreamsShareAlpha: four runs of each arm are enough to show a change of a
// single stream, but not of one stream among three.
func TestStreamsShareAlpha(t *testing.T) {
	for streams, want := range map[int]check.Outcome{1: check.Fail, 3: check.Inconclusive} {
		names := []string{"new", "kept", "long"}[:streams]
		var arms [2][]compare.Saved
		for n := range 4 {
			for side, lost := range []int{5 + n, 15 + n} {
				arms[side] = append(arms[side], streamed(t, fmt.Sprintf("%d-%d.json", side, n), names, slices.Repeat([]int{lost}, streams)...)...)
			}
		}
		if v := comparetest.Compared(t, arms[0], arms[1]).Verdict; v.Outcome != want {
			t.Errorf("%d streams: got %s: %q; want %s", streams, v.Outcome, v.Reasons, want)
		}
	}
}
