package compare

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report/metric"
	"nodrop/report/phrase"
)

// ChangeRow is one figure in both arms.
type ChangeRow struct {
	Metric      string // its name in checks
	Label       string
	Dimension   metric.Dimension
	Base, New   metric.Spread
	Change      float64 // of the median, from BASE to NEW: 0.1 is 10 % more
	ChangeKnown bool    // false without a value, and if BASE's is 0 and NEW's is not
	Direction   int     // −1, 0, 1: NEW is less, the same, more; with repetitions, over all pairs of runs
	Tested      bool    // false for one run each, and without a value
	Weak        bool    // the runs are too few for any difference to be significant
	P           float64 // of the two-sided Mann–Whitney test over runs
	Adjusted    float64 // P, adjusted for the rows tested together: see adjust
	Significant bool    // Adjusted < 0.05
}

// changeRows lists the figures to compare; classes of loss follow lost.
var changeRows = []struct {
	metric, label string
	quiet         bool // omitted if it is 0 in all runs
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
	{"p50", "p50 latency", false},
	{"p90", "p90 latency", false},
	{"p99", "p99 latency", false},
	{"p99.9", "p99.9 latency", false},
	{"max", "max latency", false},
	{"mean", "mean latency", false},
	{"connect.p99", "connect p99", false},
	{"rps", "requests/s", false},
}

func (c *Change) rows() []ChangeRow {
	var rows []ChangeRow
	for _, of := range changeRows {
		row := c.Row(of.metric, of.label)
		if of.quiet && row.Base.Max == 0 && row.New.Max == 0 {
			continue
		}
		rows = append(rows, row)
		if of.metric != "lost" {
			continue
		}
		for _, class := range c.classes() {
			rows = append(rows, c.Row("lost."+class, "  "+class))
		}
	}
	from := slices.IndexFunc(rows, func(r ChangeRow) bool { return r.Metric == speedFrom })
	adjust(rows[:from])
	adjust(rows[from:])
	return rows
}

// speedFrom is the first row about speed; the rows before it are about loss.
const speedFrom = "p50"

// adjust raises the p-values of rows that are tested together
// (Benjamini–Hochberg): with sixteen rows, chance alone would mark one in every
// comparison or two. The row "lost", on which the verdict rests, is tested
// separately and is not adjusted.
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
		r.Adjusted, r.Significant = least, least < Alpha
	}
}

// classes lists the classes of loss in either arm, most frequent first.
func (c *Change) classes() []string {
	total := map[record.Class]int64{}
	for _, run := range c.All() {
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

// Row compares one metric, which must be known.
func (c *Change) Row(name, label string) ChangeRow {
	m, _ := metric.Find(name)
	row := ChangeRow{Metric: name, Label: label, Dimension: m.Dimension, Base: c.Base.Spread(m), New: c.New.Spread(m)}
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
		row.Adjusted, row.Significant, row.Weak = row.P, row.P < c.Level(), c.Weak()
	}
	return row
}

// direction says whether the values of next tend to be above (1) or below (−1)
// those of base, over all pairs, as the test ranks them.
func direction(base, next []float64) int {
	sum := 0
	for _, b := range base {
		for _, n := range next {
			sum += cmp.Compare(n, b)
		}
	}
	return cmp.Compare(sum, 0)
}

// same reports whether every value of both arms is the same.
func (r ChangeRow) same() bool {
	return r.Base.Known && r.New.Known && r.Base.Min == r.New.Max && r.Base.Max == r.New.Min
}

// ChangeText formats the change: "=" if nothing differs, "~" if chance can
// explain the difference, "-" without a figure. Where no difference could be
// significant, it is the change of the medians.
func (r ChangeRow) ChangeText() string {
	switch {
	case !r.Base.Known || !r.New.Known:
		return "-"
	case r.same():
		return "="
	case r.Weak && r.Base.Median == r.New.Median:
		return "="
	case r.Tested && !r.Significant && !r.Weak:
		return "~"
	case r.Base.Median == r.New.Median && r.Direction > 0:
		return "more"
	case r.Base.Median == r.New.Median:
		return "less"
	case r.ChangeKnown:
		return SignedPercent(r.Change)
	}
	difference := metric.Cell(r.Dimension, r.New.Median-r.Base.Median) // base is 0, and no figure is negative
	if r.Dimension == metric.Ratio {
		difference = strings.TrimSuffix(difference, "%") + "pp" // percentage points, since +5 % would be relative to base
	}
	return "+" + difference
}

// PText formats the adjusted p-value; "-" if nothing was tested.
func (r ChangeRow) PText() string {
	if !r.Tested || r.Weak || r.same() {
		return "-"
	}
	return PValue(r.Adjusted)
}

// Medians formats the medians of both arms.
func (r ChangeRow) Medians() string {
	return metric.Cell(r.Dimension, r.Base.Median) + " → " + metric.Cell(r.Dimension, r.New.Median)
}

// SignedPercent formats a change with its sign and two significant digits.
func SignedPercent(ratio float64) string {
	switch {
	case ratio > 0:
		return "+" + phrase.Percentage(ratio)
	case ratio < 0:
		return "-" + phrase.Percentage(-ratio)
	}
	return "0 %"
}

// PValue formats a p-value with three decimals.
func PValue(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return strconv.FormatFloat(p, 'f', 3, 64)
}
