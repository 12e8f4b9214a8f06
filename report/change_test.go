package report

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
)

// arm saves one run in each of several files, made an hour apart, two hours
// from one arm's run to the same arm's next.
func arm(t testing.TB, name string, runs ...*record.Run) []Saved {
	t.Helper()
	var list []Saved
	for i, run := range runs {
		run.StartedAt = run.StartedAt.Add(time.Duration(2*i) * time.Hour)
		if name == "on" {
			run.StartedAt = run.StartedAt.Add(time.Hour)
		}
		list = append(list, Saved{fmt.Sprintf("%s-%d.json", name, i+1), recording(run)})
	}
	return list
}

// lossy is a run of n requests, each slower by more, that lost some of them.
func lossy(t testing.TB, n, lostCount int, more int64, edit ...func(*builder)) *record.Run {
	t.Helper()
	list := steady(n-lostCount, 0, ms, "gw-1")
	for i := range list {
		list[i].end += more
	}
	for i := range int64(lostCount) {
		list = append(list, lost(100*ms+i*100*us, 101*ms+i*100*us, "connect.refused", "gw-1", refusedText))
	}
	return newRun(t, list, edit...)
}

// lossies are runs of 1000 requests that lost so many, each a little slower.
func lossies(t testing.TB, lostCounts ...int) []*record.Run {
	t.Helper()
	var runs []*record.Run
	for i, n := range lostCounts {
		runs = append(runs, lossy(t, 1000, n, int64(i)*100*us))
	}
	return runs
}

func compared(t testing.TB, base, next []Saved, checks ...string) *Report {
	t.Helper()
	r, err := Compare(base, next, "", checks)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// changes are the comparisons that every format is tried on.
var changes = []struct {
	name  string
	build func(testing.TB) *Report
}{
	{"single", func(t testing.TB) *Report {
		return compared(t, arm(t, "off", lossy(t, 1000, 53, 0)), arm(t, "on", lossy(t, 1000, 0, 3*ms)))
	}},
	{"repeated", func(t testing.TB) *Report {
		return compared(t, arm(t, "off", lossies(t, 0, 0, 0, 0, 0)...), arm(t, "on", lossies(t, 40, 53, 48, 61, 44)...))
	}},
	{"same", func(t testing.TB) *Report {
		return compared(t, arm(t, "off", lossies(t, 12, 10, 14, 9)...), arm(t, "on", lossies(t, 11, 13, 9, 12)...))
	}},
	{"few", func(t testing.TB) *Report {
		return compared(t, arm(t, "off", lossies(t, 0, 0)...), arm(t, "on", lossies(t, 0, 0)...), "p99 > +10%", "lost > 0")
	}},
	{"unlike", func(t testing.TB) *Report {
		other := lossy(t, 1200, 3, 0, edited(func(run *record.Run) {
			run.Settings.URL, run.Settings.Workers, run.Settings.KeepAlive = "http://other/", 20, false
			run.Settings.Timeout, run.Environment.CPUs = -1, 2
		}))
		return compared(t, arm(t, "off", lossy(t, 1000, 1, 0), lossy(t, 1000, 5, 0)), arm(t, "on", other), "lost > +10%", "p50 > 8ms")
	}},
	{"lab", func(t testing.TB) *Report {
		r, err := Compare([]Saved{{"before.json", recording(abrupt(t), graceful(t))}}, []Saved{{"after.json", recording(abrupt(t), graceful(t))}}, "graceful", nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}},
}

func TestGoldenChange(t *testing.T) {
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			got := render(t, Text, c.build(t))
			path := filepath.Join("testdata", "change", c.name+".text")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("%s differs (- want, + got); go test ./report -run Golden -update rewrites it\n%s", path, diff)
			}
			if again := render(t, Text, c.build(t)); again != got {
				t.Errorf("built again, it differs\n%s", cmp.Diff(got, again))
			}
			for line := range strings.Lines(got) {
				if bad := badFigure.FindString(strings.TrimSuffix(line, "\n")); bad != "" {
					t.Errorf("got %q in %q; want none", bad, line)
				}
			}
		})
	}
}

// TestChangeVerdict: what decides, and what keeps from deciding.
func TestChangeVerdict(t *testing.T) {
	one := func(lost int) func(testing.TB) []*record.Run {
		return func(t testing.TB) []*record.Run { return lossies(t, lost) }
	}
	many := func(lost ...int) func(testing.TB) []*record.Run {
		return func(t testing.TB) []*record.Run { return lossies(t, lost...) }
	}
	for name, tt := range map[string]struct {
		base, next func(testing.TB) []*record.Run
		checks     []string
		want       Outcome
		reason     string // what must stand among the reasons
	}{
		"neither lost":             {one(0), one(0), nil, Pass, ""},
		"new lost nothing":         {one(5), one(0), nil, Pass, ""},
		"new lost, base did not":   {one(0), one(1), nil, Fail, "new lost requests, base did not"},
		"both lost, one run each":  {one(50), one(1), nil, Inconclusive, "both lost requests: one run of each cannot tell how much of the difference is chance"},
		"one run of new lost":      {many(0, 0, 0, 0, 0), many(0, 0, 0, 0, 1), nil, Fail, "new lost requests, base did not"},
		"one run of base lost":     {many(0, 0, 0, 0, 1), many(0, 0, 0, 0, 0), nil, Pass, ""},
		"new lost more":            {many(1, 2, 3, 4, 5), many(6, 7, 8, 9, 10), nil, Fail, "new lost more than base: 3 → 8, p = 0.008"},
		"new lost less":            {many(6, 7, 8, 9, 10), many(1, 2, 3, 4, 5), nil, Pass, ""},
		"cannot be told":           {many(1, 2, 3, 4, 5), many(2, 3, 4, 5, 6), nil, Inconclusive, "both lost requests, and which lost more cannot be told: 3 → 4, p = 0.444"},
		"too few runs":             {many(1, 2, 3), many(6, 7, 8), nil, Inconclusive, "both lost requests, and which lost more cannot be told: 2 → 7, p = 0.100"},
		"all alike":                {many(3, 3, 3, 3), many(3, 3, 3, 3), nil, Inconclusive, "both lost requests, and which lost more cannot be told: 3 → 3, p = 1.000"},
		"a check decides":          {one(50), one(1), []string{"lost > 1"}, Pass, ""},
		"a check in place of loss": {one(0), one(9), []string{"p99 > 1s"}, Pass, ""},
		"a check that is met":      {one(50), one(2), []string{"lost > 1"}, Fail, "lost > 1: lost 2"},
		"met in some runs":         {many(0, 0), many(0, 3, 4), []string{"lost > 0"}, Fail, "lost > 0: lost 3 in on-2.json, and so in 2 of 3 runs"},
		"a change, met":            {one(100), one(111), []string{"lost > +10%"}, Fail, "lost > +10%: lost +11 % (100 → 111)"},
		"a change, just not met":   {one(100), one(110), []string{"lost > +10%"}, Pass, ""},
		"a change, just met":       {one(100), one(110), []string{"lost >= +10%"}, Fail, "lost >= +10%: lost +10 % (100 → 110)"},
		"a change for the better":  {one(100), one(50), []string{"ok < -5%"}, Pass, ""},
		"a loss of ok":             {one(0), one(100), []string{"ok < -5%"}, Fail, "ok < -5%: ok -10 % (1,000 → 900)"},
		"medians change":           {many(10, 20, 90), many(1, 30, 31), []string{"lost > +49%"}, Inconclusive, "lost > +49%: lost +50 % (20 → 30), p = 1.000: chance alone may explain it"},
		"a change beyond chance":   {many(1, 2, 3, 4, 5), many(6, 7, 8, 9, 10), []string{"lost > +10%"}, Fail, "lost > +10%: lost +167 % (3 → 8), p = 0.008"},
		"from 0 to some":           {one(0), one(1), []string{"lost > +10%"}, Inconclusive, "lost > +10%: base is 0, and new 1: no percentage tells such a change"},
		"from 0 to 0":              {one(0), one(0), []string{"lost > +10%"}, Pass, ""},
		"no figure, relative":      {one(0), one(1000), []string{"p99 > +10%"}, Inconclusive, "p99 > +10%: not every run has a p99"},
		"no figure, absolute":      {one(0), one(1000), []string{"p99 > 1s"}, Inconclusive, "p99 > 1s: p99 has no value here"},
		"undecided beside failed":  {one(0), one(1000), []string{"p99 > 1s", "lost > 0"}, Inconclusive, "lost > 0: lost 1,000"},
	} {
		t.Run(name, func(t *testing.T) {
			v := compared(t, arm(t, "off", tt.base(t)...), arm(t, "on", tt.next(t)...), tt.checks...).Verdict
			if v.Outcome != tt.want || tt.reason != "" && !slices.Contains(v.Reasons, tt.reason) || tt.reason == "" && len(v.Reasons) > 0 {
				t.Errorf("got %s because of %q; want %s because of %q", v.Outcome, v.Reasons, tt.want, tt.reason)
			}
		})
	}
}

// TestChangeDoubts: a run that cannot be trusted leaves nothing to compare, in
// either arm, whatever a check says.
func TestChangeDoubts(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(t *testing.T, s *Saved)
		want string
	}{
		"spoiled": {func(t *testing.T, s *Saved) {
			t.Helper()
			spoil(t, s.Recording.Runs[0], 2)
		}, "2 requests failed for reasons on this machine"},
		"broken":      {func(_ *testing.T, s *Saved) { s.Recording.Runs[0].Counts.OK++ }, "the counts contradict themselves: started 1000 ≠ ok 1001 + lost 0 + spoiled 0 + aborted 0"},
		"interrupted": {func(_ *testing.T, s *Saved) { s.Recording.Runs[0].Interrupted = true }, "the run was interrupted"},
		"error":       {func(_ *testing.T, s *Saved) { s.Recording.Error = "gw-3: too many open files" }, "gw-3: too many open files"},
	} {
		t.Run(name, func(t *testing.T) {
			for side := range 2 {
				arms := [2][]Saved{arm(t, "off", lossies(t, 0)...), arm(t, "on", lossies(t, 0)...)}
				tt.edit(t, &arms[side][0])
				for _, checks := range [][]string{nil, {"started > 0"}, {"ok > +1000%"}} {
					v := compared(t, arms[0], arms[1], checks...).Verdict
					if want := arms[side][0].File + ": " + tt.want; v.Outcome != Inconclusive || !slices.Contains(v.Reasons, want) {
						t.Errorf("%q: got %s because of %q; want %s because of %q", checks, v.Outcome, v.Reasons, Inconclusive, want)
					}
				}
			}
		})
	}
}

// TestChangeArms: which runs of a recording make an arm.
func TestChangeArms(t *testing.T) {
	both := []Saved{{"lab.json", recording(abrupt(t), graceful(t))}}
	plain := []Saved{{"plain.json", recording(lossy(t, 100, 0, 0), lossy(t, 100, 1, 0))}}
	r := compared(t, plain, plain)
	if got := len(r.Compared[0].Base.Runs); got != 2 || r.Compared[0].Base.Runs[1].Name != "plain.json, run 2" {
		t.Errorf("got %d runs, %q; want both of the file", got, r.Compared[0].Base.Runs[1].Name)
	}
	for name, tt := range map[string]struct {
		base, next    []Saved
		variant       string
		problem, hint string
	}{
		"two variants":    {both, both, "", "base: runs of several variants: abrupt, graceful", "compare one at a time: --variant graceful"},
		"no such variant": {both, both, "naive", `lab.json: no run of variant "naive" in it`, ""},
		"in one arm only": {both, plain, "graceful", `plain.json: no run of variant "graceful" in it`, ""},
		"no run":          {[]Saved{{"empty.json", recording()}}, plain, "", "empty.json: no run in it", ""},
	} {
		_, err := Compare(tt.base, tt.next, tt.variant, nil)
		hint := ""
		if hinted, ok := errors.AsType[*record.HintError](err); ok {
			hint = hinted.Hint
		}
		if err == nil || err.Error() != tt.problem || hint != tt.hint {
			t.Errorf("%s: got %v, hint %q; want %s, %q", name, err, hint, tt.problem, tt.hint)
		}
	}
}

// TestWarnings: each condition that differs is named, and none that does not.
func TestWarnings(t *testing.T) {
	base := arm(t, "off", lossy(t, 100, 0, 0))
	if got := compared(t, base, arm(t, "on", lossy(t, 100, 0, 0))).Compared[0].Warnings; len(got) > 0 {
		t.Errorf("got %q for the same load; want nothing", got)
	}
	for want, edit := range map[string]func(*record.Run){
		"URL differs: base http://gateway:8080/, new http://b/":  func(r *record.Run) { r.Settings.URL = "http://b/" },
		"method differs: base GET, new POST":                     func(r *record.Run) { r.Settings.Method = "POST" },
		"workers (-c) differs: base 10, new 20":                  func(r *record.Run) { r.Settings.Workers = 20 },
		"rate of a worker (-q) differs: base none, new 25/s":     func(r *record.Run) { r.Settings.Rate = 25 },
		"number of requests (-n) differs: base 100, new none":    func(r *record.Run) { r.Settings.Requests = 0 },
		"length (-z) differs: base none, new 10s":                func(r *record.Run) { r.Settings.Duration = 10 * time.Second },
		"timeout (-t) differs: base 20s, new none":               func(r *record.Run) { r.Settings.Timeout = -1 },
		"connect timeout differs: base 20s, new 1s":              func(r *record.Run) { r.Settings.ConnectTimeout = time.Second },
		"keep-alive differs: base on, new off":                   func(r *record.Run) { r.Settings.KeepAlive = false },
		"following of redirects differs: base on, new off":       func(r *record.Run) { r.Settings.Redirects = false },
		"--ok differs: base 2xx,3xx, new 200":                    func(r *record.Run) { r.Settings.OK = "200" },
		"engine differs: base pool, new loop":                    func(r *record.Run) { r.Settings.Engine = "loop" },
		"version of nodrop differs: base test, new 9":            func(r *record.Run) { r.Environment.Version = "9" },
		"system differs: base linux/amd64, new linux/arm64":      func(r *record.Run) { r.Environment.Arch = "arm64" },
		"processors (-cpus) differs: base 4, new 8":              func(r *record.Run) { r.Environment.CPUs = 8 },
		"variant differs: base none, new graceful":               func(r *record.Run) { r.Variant = "graceful" },
		"the same run twice: off-1.json and on-1.json":           func(r *record.Run) { r.StartedAt = r.StartedAt.Add(-time.Hour) },
		"method differs: base GET, new GET and HEAD (two files)": nil,
	} {
		run := lossy(t, 100, 0, 0)
		next := arm(t, "on", run)
		if edit == nil {
			head := lossy(t, 100, 0, 0, edited(func(r *record.Run) { r.Settings.Method = "HEAD" }))
			next, want = arm(t, "on", run, head), strings.TrimSuffix(want, " (two files)")
		} else {
			edit(run)
		}
		if diff := cmp.Diff([]string{want}, compared(t, base, next).Compared[0].Warnings); diff != "" {
			t.Errorf("warnings differ (- want, + got)\n%s", diff)
		}
	}
	closed := "closed load model: the faster a failure, the more requests it meets; compare windows, not percentages"
	if got := compared(t, base, arm(t, "on", lossy(t, 100, 7, 0))).Compared[0].Warnings; !slices.Equal(got, []string{closed}) {
		t.Errorf("got %q; want a warning of the closed loop", got)
	}
}

// TestMannWhitney: the library's p-values are those of trying every way to deal
// the runs out, ties included.
func TestMannWhitney(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n, m, kinds := 1+rnd.IntN(5), 1+rnd.IntN(5), 1+rnd.IntN(8)
		draw := func(n int) []float64 {
			list := make([]float64, n)
			for i := range list {
				list[i] = float64(rnd.IntN(kinds))
			}
			return list
		}
		a, b := draw(n), draw(m)
		got, want := mannWhitney(a, b), permutation(a, b)
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%v, %v: got p = %v; want %v", a, b, got, want)
		}
		if back := mannWhitney(b, a); math.Abs(back-got) > 1e-9 {
			t.Errorf("%v, %v: got p = %v one way, %v the other", a, b, got, back)
		}
		if least := leastP(n, m); got < least-1e-9 && kinds > 1 {
			t.Errorf("%d + %d runs: got p = %v, below the least %v", n, m, got, least)
		}
	}
	for _, tt := range []struct {
		n, m int
		want float64
	}{{1, 1, 1}, {2, 2, 1.0 / 3}, {3, 3, 0.1}, {4, 4, 2.0 / 70}, {5, 5, 2.0 / 252}, {3, 5, 2.0 / 56}, {1, 39, 0.05}} {
		if got := leastP(tt.n, tt.m); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("leastP(%d, %d): got %v; want %v", tt.n, tt.m, got, tt.want)
		}
	}
	if got := enoughRuns(alpha); got != 4 {
		t.Errorf("got %d runs as enough; want 4", got)
	}
}

// permutation is the exact two-sided p-value: twice the share of deals whose
// statistic is as low, or as high, as the one met.
func permutation(a, b []float64) float64 {
	all := slices.Concat(a, b)
	u := func(isFirst uint) float64 {
		sum := 0.0
		for i, x := range all {
			for j, y := range all {
				if isFirst&(1<<i) != 0 && isFirst&(1<<j) == 0 {
					sum += []float64{0, 0.5, 1}[1+sign(x-y)]
				}
			}
		}
		return sum
	}
	met := u(1<<len(a) - 1)
	low, high, deals := 0.0, 0.0, 0.0
	for deal := range uint(1) << len(all) {
		if bits.OnesCount(deal) != len(a) {
			continue
		}
		deals++
		if u(deal) <= met {
			low++
		}
		if u(deal) >= met {
			high++
		}
	}
	return min(1, 2*min(low, high)/deals)
}

func sign(x float64) int {
	switch {
	case x < 0:
		return -1
	case x > 0:
		return 1
	}
	return 0
}

// TestChangeOfNothing: an arm compared with itself shows no change, and never
// fails.
func TestChangeOfNothing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		runs := randomRuns(t, rnd, 1+rnd.IntN(6))
		r := compared(t, arm(t, "off", runs...), arm(t, "off", runs...))
		for _, row := range r.Compared[0].Rows {
			if text := row.ChangeText(); text != "=" && text != "~" && text != "-" {
				t.Errorf("%d runs, %s: got %s against itself", len(runs), row.Metric, text)
			}
		}
		if r.Verdict.Outcome == Fail {
			t.Errorf("got %v against itself; want no failure", r.Verdict)
		}
	}
}

// TestChangeSwapped: swapping the arms turns every sign, and no p-value.
func TestChangeSwapped(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		n := 1 + rnd.IntN(6)
		a, b := arm(t, "off", randomRuns(t, rnd, n)...), arm(t, "on", randomRuns(t, rnd, n)...)
		there, back := compared(t, a, b).Compared[0].Rows, compared(t, b, a).Compared[0].Rows
		if len(there) != len(back) {
			t.Fatalf("got %d rows, and %d swapped", len(there), len(back))
		}
		for i, x := range there {
			y := back[i]
			if x.Metric != y.Metric || x.Direction != -y.Direction || x.Significant != y.Significant || math.Abs(x.Adjusted-y.Adjusted) > 1e-9 {
				t.Errorf("%+v\nswapped: %+v", x, y)
			}
			if x.ChangeKnown && y.ChangeKnown && sign(x.Change) != -sign(y.Change) {
				t.Errorf("%s: got %v, and %v swapped", x.Metric, x.Change, y.Change)
			}
			plain := func(r ChangeRow) bool { return slices.Contains([]string{"=", "~", "-"}, r.ChangeText()) }
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
		runs = append(runs, lossy(t, 100, rnd.IntN(1+most), rnd.Int64N(20)*ms))
	}
	return runs
}

// TestChanceMarksNothing: of comparisons of runs that differ by chance alone,
// hardly any marks a row.
func TestChanceMarksNothing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	const comparisons = 1000
	marked := 0
	for range comparisons {
		rows := make([]ChangeRow, 8)
		for i := range rows {
			var a, b []float64
			for range 5 {
				a, b = append(a, rnd.Float64()), append(b, rnd.Float64())
			}
			rows[i] = ChangeRow{Base: Spread{Known: true, Max: 1}, New: Spread{Known: true}, P: mannWhitney(a, b), Tested: true}
		}
		adjust(rows)
		if slices.ContainsFunc(rows, func(r ChangeRow) bool { return r.Significant }) {
			marked++
		}
	}
	if marked > comparisons/20 {
		t.Errorf("%d of %d comparisons of noise marked a row; want at most 1 in 20", marked, comparisons)
	}
}

func TestAdjust(t *testing.T) {
	rows := make([]ChangeRow, 5)
	for i, p := range []float64{0.04, 0.01, 0.03, 0.5, 0.02} {
		rows[i] = ChangeRow{Base: Spread{Known: true, Max: 1}, New: Spread{Known: true}, P: p, Adjusted: p, Tested: true}
	}
	rows = append(rows, ChangeRow{Metric: "lost", P: 0.04, Adjusted: 0.04, Tested: true, Significant: true})
	adjust(rows)
	var got []float64
	for _, r := range rows {
		got = append(got, math.Round(r.Adjusted*1e6)/1e6)
	}
	if diff := cmp.Diff([]float64{0.05, 0.05, 0.05, 0.5, 0.05, 0.04}, got); diff != "" {
		t.Errorf("p-values differ (- want, + got)\n%s", diff)
	}
}

func TestCell(t *testing.T) {
	for _, tt := range []struct {
		d    Dimension
		v    float64
		want string
	}{
		{Count, 0, "0"},
		{Count, 50000, "50,000"},
		{Count, 1234.5, "1,234.5"},
		{Ratio, 0.00506, "0.51 %"},
		{Duration, 6.9e6, "6.9 ms"},
		{Rate, 5001.26, "5,001.3"},
		{Rate, 999.96, "1,000.0"},
		{Rate, 0, "0.0"},
	} {
		if got := cell(tt.d, tt.v); got != tt.want {
			t.Errorf("cell(%s, %v): got %q; want %q", tt.d, tt.v, got, tt.want)
		}
	}
}

// streamed saves a run for each stream, which lost as many as it says.
func streamed(t testing.TB, file string, streams []string, lost ...int) []Saved {
	t.Helper()
	rec := recording()
	for i, stream := range streams {
		run := lossy(t, 1000, lost[i], 0)
		run.Stream = stream
		rec.Runs = append(rec.Runs, run)
	}
	return []Saved{{file, rec}}
}

// TestCompareStreams: stream by stream, each with a verdict of its own; both arms
// must have the same.
func TestCompareStreams(t *testing.T) {
	two := []string{"new", "kept"}
	base, next := streamed(t, "off.json", two, 0, 0), streamed(t, "on.json", two, 7, 0)
	r := compared(t, base, next)
	if want := []string{"new: new lost requests, base did not"}; r.Verdict.Outcome != Fail || !slices.Equal(r.Verdict.Reasons, want) {
		t.Errorf("got %s: %q; want fail: %q", r.Verdict.Outcome, r.Verdict.Reasons, want)
	}
	if len(r.Compared) != 2 || r.Compared[0].Verdict.Outcome != Fail || r.Compared[1].Verdict.Outcome != Pass {
		t.Fatalf("got %d streams; want new to fail and kept to pass", len(r.Compared))
	}
	for format, wants := range map[string][]string{
		"text":     {"Comparison of new, ", "Comparison of kept, "},
		"markdown": {"Comparison of new, ", "Comparison of kept, "},
	} {
		for _, f := range Formats {
			for _, want := range wants {
				if text := render(t, f.Write, r); f.Name == format && !strings.Contains(text, want) {
					t.Errorf("%s: got %q; want %q", format, text, want)
				}
			}
		}
	}
	asked := compared(t, base, next, "lost > 0")
	if tests, failures, faults := ingest(t, render(t, JUnit, asked)); tests != 2 || failures != 1 || faults != 0 {
		t.Errorf("junit: got %d tests, %d failures, %d errors; want 2, 1, 0", tests, failures, faults)
	}
	if err := compileSchema(t).Validate(decoded(t, render(t, ComputedJSON, asked))); err != nil {
		t.Error(err)
	}
	_, err := Compare(streamed(t, "off.json", two[:1], 0), next, "", nil)
	if want := "base: no run of stream kept in it, which new has"; err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}

// TestStreamsShareAlpha: four runs of each tell one stream's change, but not
// that of one among three.
func TestStreamsShareAlpha(t *testing.T) {
	for streams, want := range map[int]Outcome{1: Fail, 3: Inconclusive} {
		names := []string{"new", "kept", "long"}[:streams]
		var arms [2][]Saved
		for n := range 4 {
			for side, lost := range []int{5 + n, 15 + n} {
				arms[side] = append(arms[side], streamed(t, fmt.Sprintf("%d-%d.json", side, n), names, slices.Repeat([]int{lost}, streams)...)...)
			}
		}
		if v := compared(t, arms[0], arms[1]).Verdict; v.Outcome != want {
			t.Errorf("%d streams: got %s: %q; want %s", streams, v.Outcome, v.Reasons, want)
		}
	}
}
