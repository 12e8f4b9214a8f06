package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/aclements/go-moremath/stats"

	"nodrop/loadgen/record"
)

// Saved is a recording and the file that it was read from.
type Saved struct {
	File      string
	Recording *record.Recording
}

// Change sets the runs of two arms side by side. The unit of evidence is the
// run: requests of several runs are never pooled, since they are lost together.
type Change struct {
	Stream    string // whose runs these are; "" for the only one
	Base, New Arm
	Repeated  bool // an arm has several runs: medians, and a test over runs
	Rows      []ChangeRow
	Warnings  []string // why the arms may not be comparable
	Notes     []string

	// beside is how many other streams are asked the same question: p must be
	// that much smaller for one of them to be told.
	beside int
}

// Arm is one side: the runs of one variant in several files.
type Arm struct {
	Name    string // "base" or "new"
	Variant string // "" for plain loads
	Files   []string
	Runs    []ArmRun
}

// ArmRun is one run of an arm.
type ArmRun struct {
	Name string // the file and, where it holds several runs, which
	Figures
}

// ChangeRow is one figure over both arms.
type ChangeRow struct {
	Metric      string // as checks name it
	Label       string
	Dimension   Dimension
	Base, New   Spread
	Change      float64 // of the median, NEW over BASE: 0.1 is 10 % more
	ChangeKnown bool    // false without a value, and where BASE's is 0 and NEW's is not
	Direction   int     // −1, 0, 1: NEW is less, the same, more; over repetitions, run by run
	Tested      bool    // false for one run each, and without a value
	P           float64 // of the two-sided Mann–Whitney test over runs
	Adjusted    float64 // P, adjusted for the rows tested together: see adjust
	Significant bool    // Adjusted < 0.05
}

// Spread is one figure over the runs of one arm.
type Spread struct {
	Values           []float64 // in order of runs
	Median, Min, Max float64
	Known            bool // every run has the figure
}

// alpha is the p-value below which a difference is told.
const alpha = 0.05

// level is the p-value below which what the verdict rests on is told: alpha,
// shared by the streams (Bonferroni).
func (c *Change) level() float64 { return alpha / float64(1+c.beside) }

// changesOf sets two arms side by side, stream by stream. variant chooses among
// those that recordings hold; "" is for recordings of one. Both arms must have the
// same streams.
func changesOf(base, next []Saved, variant string) ([]*Change, error) {
	from, err := newArm("base", base, variant)
	if err != nil {
		return nil, err
	}
	to, err := newArm("new", next, variant)
	if err != nil {
		return nil, err
	}
	streams, err := commonStreams(&from, &to)
	if err != nil {
		return nil, err
	}
	var list []*Change
	for _, stream := range streams {
		c := &Change{Stream: stream, Base: from.of(stream), New: to.of(stream), beside: len(streams) - 1}
		c.Repeated = len(c.Base.Runs)+len(c.New.Runs) > 2
		c.Rows = c.rows()
		c.Warnings = c.warnings()
		c.Notes = c.notes()
		list = append(list, c)
	}
	return list, nil
}

// commonStreams lists the streams, which must be the same in both arms: what one
// of them lacks would go unseen.
func commonStreams(base, next *Arm) ([]string, error) {
	streams := base.streams()
	for _, pair := range [][2]*Arm{{base, next}, {next, base}} {
		for _, stream := range pair[0].streams() {
			if !slices.Contains(pair[1].streams(), stream) {
				return nil, fmt.Errorf("%s: no run of %s in it, which %s has", pair[1].Name, streamName(stream), pair[0].Name)
			}
		}
	}
	return streams, nil
}

func streamName(stream string) string {
	if stream == "" {
		return "a stream without a name"
	}
	return "stream " + stream
}

// streams are the names of those that the arm has runs of, in order.
func (a *Arm) streams() []string {
	var list []string
	for _, run := range a.Runs {
		if stream := run.Run.Stream; !slices.Contains(list, stream) {
			list = append(list, stream)
		}
	}
	return list
}

// Of is the arm with the runs of one stream alone.
func (a *Arm) of(stream string) Arm {
	one := *a
	one.Runs = slices.DeleteFunc(slices.Clone(a.Runs), func(r ArmRun) bool { return r.Run.Stream != stream })
	return one
}

// newArm takes the runs of one variant, which must be the only one unless it
// is named: to compare an abrupt stop with a graceful one by accident would
// say nothing about what changed.
func newArm(name string, from []Saved, variant string) (Arm, error) {
	a := Arm{Name: name, Variant: variant}
	var variants []string
	for _, s := range from {
		a.Files = append(a.Files, s.File)
		var of []Figures
		for _, run := range s.Recording.Runs {
			if !slices.Contains(variants, run.Variant) {
				variants = append(variants, run.Variant)
			}
			if variant == "" || variant == run.Variant || variant == groupName(run) {
				of = append(of, figuresOf(run))
			}
		}
		if len(of) == 0 && variant != "" {
			return a, fmt.Errorf("%s: no run of variant %q in it", s.File, variant)
		}
		if len(of) == 0 {
			return a, fmt.Errorf("%s: no run in it", s.File)
		}
		for i, r := range of {
			run := ArmRun{s.File, r}
			switch name := label(r.Run); {
			case len(of) > 1 && name != r.Run.Variant:
				run.Name = s.File + ", " + name
			case len(of) > 1:
				run.Name = fmt.Sprintf("%s, run %d", s.File, i+1)
			}
			a.Runs = append(a.Runs, run)
		}
	}
	if variant == "" && len(variants) > 1 {
		return a, &record.HintError{
			Problem: fmt.Sprintf("%s: runs of several variants: %s", name, strings.Join(variants, ", ")),
			Hint:    "compare one at a time: --variant " + variants[len(variants)-1],
		}
	}
	if variant == "" && len(variants) > 0 {
		a.Variant = variants[0]
	}
	return a, nil
}

// changeRows lists what is compared; classes of loss stand below lost.
var changeRows = []struct {
	metric, label string
	quiet         bool // left out when it is 0 throughout
}{
	{"started", "started", false},
	{"ok", "ok", false},
	{"lost", "lost", false},
	{"loss", "loss", false},
	{"spoiled", "spoiled", true},
	{"unsent", "unsent", true},
	{"aborted", "aborted", true},
	{"windows", "windows", false},
	{"window.longest", "longest window", false},
	{"window.total", "time with loss", false},
	// speed
	{"p50", "p50 of answers", false},
	{"p90", "p90 of answers", false},
	{"p99", "p99 of answers", false},
	{"p99.9", "p99.9 of answers", false},
	{"max", "max of answers", false},
	{"mean", "mean of answers", false},
	{"connect.p99", "connect p99", false},
	{"rps", "requests/s", false},
}

func (c *Change) rows() []ChangeRow {
	var rows []ChangeRow
	for _, of := range changeRows {
		row := c.row(of.metric, of.label)
		if of.quiet && row.Base.Max == 0 && row.New.Max == 0 {
			continue
		}
		rows = append(rows, row)
		if of.metric != "lost" {
			continue
		}
		for _, class := range c.classes() {
			rows = append(rows, c.row("lost."+class, "  "+class))
		}
	}
	from := slices.IndexFunc(rows, func(r ChangeRow) bool { return r.Metric == speedFrom })
	adjust(rows[:from])
	adjust(rows[from:])
	return rows
}

// speedFrom is the first of the rows about speed; those before are about loss.
const speedFrom = "p50"

// adjust raises the p-values of rows that are tested together, as Benjamini and
// Hochberg do: of sixteen rows, chance alone would mark one in every comparison
// or two. What the verdict rests on is asked for by itself, and stays.
func adjust(rows []ChangeRow) {
	var tested []*ChangeRow
	for i := range rows {
		if r := &rows[i]; r.Tested && !r.same() && r.Metric != "lost" {
			tested = append(tested, r)
		}
	}
	slices.SortStableFunc(tested, func(a, b *ChangeRow) int { return cmp.Compare(a.P, b.P) })
	least := 1.0
	for i, r := range slices.Backward(tested) {
		least = min(least, r.P*float64(len(tested))/float64(i+1))
		r.Adjusted, r.Significant = least, least < alpha
	}
}

// classes lists the classes of loss in either arm, the most frequent first.
func (c *Change) classes() []string {
	total := map[record.Class]int64{}
	for _, run := range c.all() {
		for _, l := range run.Loss.Classes {
			if !l.Spoiled {
				total[l.Class] += l.Total()
			}
		}
	}
	var classes []record.Class
	for class := range total {
		classes = append(classes, class)
	}
	slices.SortFunc(classes, func(a, b record.Class) int {
		return cmp.Or(cmp.Compare(total[b], total[a]), cmp.Compare(a, b))
	})
	names := make([]string, len(classes))
	for i, class := range classes {
		names[i] = class.String()
	}
	return names
}

// all lists the runs of both arms.
func (c *Change) all() []ArmRun { return slices.Concat(c.Base.Runs, c.New.Runs) }

// row compares one metric, which must be known.
func (c *Change) row(name, label string) ChangeRow {
	m, _ := findMetric(name)
	row := ChangeRow{Metric: name, Label: label, Dimension: m.dim, Base: c.Base.spread(m), New: c.New.spread(m)}
	if !row.Base.Known || !row.New.Known {
		return row
	}
	switch base, next := row.Base.Median, row.New.Median; {
	case base == next:
		row.ChangeKnown = true
	case base != 0:
		row.Change, row.ChangeKnown = (next-base)/base, true
	}
	row.Direction = direction(row.Base.Values, row.New.Values)
	if c.Repeated {
		row.P, row.Tested = mannWhitney(row.Base.Values, row.New.Values), true
		row.Adjusted, row.Significant = row.P, row.P < c.level()
	}
	return row
}

func (a *Arm) spread(m metric) Spread {
	s := Spread{Known: len(a.Runs) > 0}
	for i := range a.Runs {
		f := m.of(&a.Runs[i].Figures)
		if !f.Known {
			return Spread{}
		}
		s.Values = append(s.Values, f.Value)
	}
	if !s.Known {
		return s
	}
	sorted := slices.Sorted(slices.Values(s.Values))
	n := len(sorted)
	s.Min, s.Max = sorted[0], sorted[n-1]
	s.Median = (sorted[(n-1)/2] + sorted[n/2]) / 2
	return s
}

// direction says whether the values of next are rather above those of base (1)
// or below (−1), pair by pair, as the test ranks them.
func direction(base, next []float64) int {
	sum := 0
	for _, b := range base {
		for _, n := range next {
			sum += cmp.Compare(n, b)
		}
	}
	return cmp.Compare(sum, 0)
}

// mannWhitney is the two-sided p-value of the U test, exact up to 25 runs per
// arm: twice the smaller of the two one-sided ones, and 1 where all values are
// the same. The library's own two-sided value takes ties for symmetrical, which
// they are not in arms of different sizes.
func mannWhitney(base, next []float64) float64 {
	less, err := stats.MannWhitneyUTest(base, next, stats.LocationLess)
	if err != nil {
		return 1
	}
	more, err := stats.MannWhitneyUTest(next, base, stats.LocationLess)
	if err != nil {
		return 1
	}
	return min(1, 2*min(less.P, more.P))
}

// leastP is the smallest two-sided p-value that n and m runs can have: when all
// of one arm lie above all of the other.
func leastP(n, m int) float64 {
	ways := 1.0
	for i := 1; i <= min(n, m); i++ {
		ways *= float64(n+m-i+1) / float64(i)
	}
	return min(1, 2/ways)
}

// enoughRuns is how many runs each arm needs before any difference can be told
// by a p-value below level.
func enoughRuns(level float64) int {
	n := 1
	for leastP(n, n) >= level {
		n++
	}
	return n
}

// lostRuns is how many runs of the arm lost requests.
func (a *Arm) lostRuns() int {
	n := 0
	for _, run := range a.Runs {
		if run.Run.Counts.Lost > 0 {
			n++
		}
	}
	return n
}

// notes say how far the evidence reaches.
func (c *Change) notes() []string {
	var list []string
	n, m, need := len(c.Base.Runs), len(c.New.Runs), enoughRuns(c.level())
	enough := fmt.Sprintf("%d + %d runs, recorded in turns", need, need)
	switch {
	case !c.Repeated:
		list = append(list, "one run of each: how much of a change is chance cannot be told; "+enough+", could tell")
	case leastP(n, m) >= c.level():
		list = append(list, fmt.Sprintf("%d + %d runs are too few: the clearest difference would have p = %s; %s, could tell", n, m, pValue(leastP(n, m)), enough))
	default:
		list = append(list, "p is adjusted for the rows tested together (loss, speed), lost apart, for which the verdict asks")
	}
	if c.Repeated && c.beside > 0 {
		list = append(list, fmt.Sprintf("%d streams are asked, so that in one of them a change of lost is told below p = %s", 1+c.beside, pValue(c.level())))
	}
	for _, arm := range []*Arm{&c.Base, &c.New} {
		list = append(list, arm.zeroNotes()...)
	}
	if c.Repeated && c.inSequence() {
		list = append(list, "all runs of one arm were made before those of the other: what changed with time is part of the change")
	}
	return list
}

// zeroNotes say what no loss at all still allows, with 95 % confidence.
func (a *Arm) zeroNotes() []string {
	if len(a.Runs) == 0 || a.lostRuns() > 0 {
		return nil
	}
	bound := 0.0
	for _, run := range a.Runs {
		bound = max(bound, run.Loss.Limits.UpperBound)
	}
	r := len(a.Runs)
	of := "its run"
	if r > 1 {
		of = "a run"
	}
	return []string{
		fmt.Sprintf("%s: 0 lost: a loss ratio of %s or less within %s would go unseen at least 1 time in 20", a.Name, percentage(bound), of),
		fmt.Sprintf("%s: 0 lost in %s still allows %s of such runs to lose", a.Name, counted(int64(r), "run", "runs"), percentage(1-math.Pow(0.05, 1/float64(r)))),
	}
}

// inSequence: one arm's runs all began before the other's.
func (c *Change) inSequence() bool {
	order := func(a, b ArmRun) int { return a.Run.StartedAt.Compare(b.Run.StartedAt) }
	before := func(a, b []ArmRun) bool { return order(slices.MaxFunc(a, order), slices.MinFunc(b, order)) < 0 }
	return before(c.Base.Runs, c.New.Runs) || before(c.New.Runs, c.Base.Runs)
}

// same: every value of both arms is the same.
func (r ChangeRow) same() bool {
	return r.Base.Known && r.New.Known && r.Base.Min == r.New.Max && r.Base.Max == r.New.Min
}
