package compare

import (
	"slices"
	"strconv"

	"nodrop/report/analysis"
	"nodrop/report/metric"
)

// Comparison sets variants side by side, with a column for each group of runs.
type Comparison struct {
	Columns []string
	Rows    []ComparisonRow
}

// ComparisonRow is one quantity in all columns.
type ComparisonRow struct {
	Name  string
	Cells []string
}

// SideBySide builds the table of groups. Each column holds the median and the
// range over the runs of a group. It returns nil for fewer than two variants.
func SideBySide(list []Group) *Comparison {
	list = slices.DeleteFunc(slices.Clone(list), func(g Group) bool { return g.Name == "" })
	if len(list) < 2 {
		return nil
	}
	c := &Comparison{}
	var runs []analysis.Figures
	for _, g := range list {
		c.Columns = append(c.Columns, g.Name)
		for _, run := range g.Arm.Runs {
			runs = append(runs, run.Figures)
		}
	}
	row := func(name string, m metric.Metric) {
		cells := make([]string, len(list))
		for i := range list {
			cells[i] = list[i].Arm.Spread(m).Text(m.Dimension)
		}
		c.Rows = append(c.Rows, ComparisonRow{name, cells})
	}
	known := func(label, name string) {
		m, _ := metric.Find(name)
		row(label, m)
	}
	classes := func(spoiled bool) {
		for _, class := range ClassesOf(runs, spoiled) {
			row("  "+class, metric.OfClass(class))
		}
	}
	if Repeated(list) {
		cells := make([]string, len(list))
		for i, g := range list {
			cells[i] = strconv.Itoa(len(g.Arm.Runs))
		}
		c.Rows = append(c.Rows, ComparisonRow{"runs", cells})
	}
	known("started", "started")
	known("ok", "ok")
	known("lost", "lost")
	classes(false)
	if slices.ContainsFunc(runs, func(r analysis.Figures) bool { return r.Run.Counts.Spoiled > 0 }) {
		known("spoiled", "spoiled")
		classes(true)
	}
	known("windows", "windows")
	known("time with loss", "window.total")
	known("p50 latency", "p50")
	known("p99 latency", "p99")
	return c
}

// ClassesOf lists the classes of lost or of spoiled requests in any run, in
// order of appearance.
func ClassesOf(runs []analysis.Figures, spoiled bool) []string {
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
