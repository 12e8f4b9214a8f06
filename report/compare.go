package report

import (
	"slices"

	"nodrop/loadgen"
)

// Comparison sets variants side by side; a column for each run.
type Comparison struct {
	Columns []string
	Rows    []ComparisonRow
}

// ComparisonRow is one quantity over all columns.
type ComparisonRow struct {
	Name  string
	Cells []string
}

// compareVariants builds the table; nil for fewer than two variants.
func compareVariants(runs []RunReport) *Comparison {
	c := &Comparison{}
	runs = slices.DeleteFunc(slices.Clone(runs), func(r RunReport) bool { return r.Run.Variant == "" })
	for _, r := range runs {
		c.Columns = append(c.Columns, r.Run.Variant)
	}
	if len(c.Columns) < 2 {
		return nil
	}
	row := func(name string, cell func(RunReport) string) {
		cells := make([]string, len(runs))
		for i, r := range runs {
			cells[i] = cell(r)
		}
		c.Rows = append(c.Rows, ComparisonRow{name, cells})
	}
	row("started", func(r RunReport) string { return number(r.Run.Counts.Started) })
	row("ok", func(r RunReport) string { return number(r.Run.Counts.OK) })
	row("lost", func(r RunReport) string { return number(r.Run.Counts.Lost) })
	classes := func(spoiled bool) {
		for _, class := range classesOf(runs, spoiled) {
			row("  "+class, func(r RunReport) string { return number(r.classTotal(class)) })
		}
	}
	classes(false)
	if slices.ContainsFunc(runs, func(r RunReport) bool { return r.Run.Counts.Spoiled > 0 }) {
		row("spoiled", func(r RunReport) string { return number(r.Run.Counts.Spoiled) })
		classes(true)
	}
	row("windows", func(r RunReport) string { return number(int64(len(r.Loss.Windows))) })
	row("time with loss", func(r RunReport) string { return duration(r.Loss.Time) })
	row("p50 of answers", func(r RunReport) string { return percentile(r.Run, 50) })
	row("p99 of answers", func(r RunReport) string { return percentile(r.Run, 99) })
	return c
}

// percentile is a latency of answered requests, "-" without any.
func percentile(run *loadgen.Run, p float64) string {
	l := answered(run)
	if l.Count == 0 {
		return "-"
	}
	return duration(l.Percentile(p))
}

// classesOf lists the classes of lost or of spoiled requests that any run has,
// in order of appearance.
func classesOf(runs []RunReport, spoiled bool) []string {
	var names []string
	seen := map[string]bool{}
	for _, r := range runs {
		for _, c := range r.Loss.Classes {
			if name := c.Class.String(); c.Spoiled == spoiled && !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

func (r RunReport) classTotal(name string) int64 {
	for _, c := range r.Loss.Classes {
		if c.Class.String() == name {
			return c.Total()
		}
	}
	return 0
}
