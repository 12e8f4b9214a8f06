package format

import (
	"fmt"
	"strings"

	"nodrop/report/compare"
	"nodrop/report/format/page"
)

func writeChange(out *page.Page, c *compare.Change) {
	fmt.Fprintln(out)
	out.Heading(clean(headingOf(c)))
	for _, arm := range []*compare.Arm{&c.Base, &c.New} {
		out.Paragraph("  ", armTitle(arm))
	}
	for _, part := range []struct {
		title string
		list  []string
	}{{"Not fully comparable", c.Warnings}, {"Notes", c.Notes}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintln(out)
		out.Heading(part.title + ":")
		for _, text := range part.list {
			out.Paragraph("  - ", text)
		}
	}
	fmt.Fprintln(out)
	writeChangeRows(out, c)
}

func headingOf(c *compare.Change) string { return "Comparison" + ofStream(c) + ", " + kindOf(c) + ":" }

func ofStream(c *compare.Change) string {
	if c.Stream == "" {
		return ""
	}
	return " of " + c.Stream
}

func armsOf(c *compare.Change) string { return "From " + c.Base.Name + " to " + c.New.Name }

// kindOf says what kind of figures a comparison has.
func kindOf(c *compare.Change) string {
	switch {
	case !c.Repeated:
		return "single run, descriptive"
	case c.Weak():
		return fmt.Sprintf("medians over %d + %d runs, descriptive: too few to test", len(c.Base.Runs), len(c.New.Runs))
	}
	return fmt.Sprintf("medians over runs (~: not significant; Mann–Whitney, p ≥ %g)", compare.Alpha)
}

func armTitle(a *compare.Arm) string {
	text := a.Name + ": " + strings.Join(a.Files, ", ")
	if n := len(a.Files); n > 3 {
		text = a.Name + ": " + a.Files[0] + " … " + a.Files[n-1]
	}
	if len(a.Runs) > 1 {
		text += fmt.Sprintf(": %d runs", len(a.Runs))
	}
	if a.Variant != "" {
		text += ", variant " + a.Variant
	}
	return text
}

// writeChangeRows writes the figures. If the ranges do not fit beside them,
// they get a separate table.
func writeChangeRows(out *page.Page, c *compare.Change) {
	t := changeTable(c, headOf(c), func(row compare.ChangeRow) []string { return cellsOf(c, row) })
	if !c.Repeated || t.Fits(out) {
		t.Write(out)
		return
	}
	medianTable(c).Write(out)
	fmt.Fprintln(out)
	changeTable(c, []string{"range of " + c.Base.Name, "range of " + c.New.Name}, func(row compare.ChangeRow) []string {
		return []string{row.Base.RangeText(row.Dimension), row.New.RangeText(row.Dimension)}
	}).Write(out)
}

// medianTable is the table without ranges.
func medianTable(c *compare.Change) *page.Table {
	return changeTable(c, withP(c, c.Base.Name, c.New.Name, "change", "p"), func(row compare.ChangeRow) []string {
		return withP(c, row.Base.MedianText(row.Dimension), row.New.MedianText(row.Dimension), row.ChangeText(), row.PText())
	})
}

// withP drops the last cell, that of p, if the runs are too few for it to say
// anything.
func withP(c *compare.Change, cells ...string) []string {
	if c.Weak() {
		return cells[:len(cells)-1]
	}
	return cells
}

func changeTable(c *compare.Change, head []string, cells func(compare.ChangeRow) []string) *page.Table {
	t := &page.Table{Indent: 4, Gap: 2, Right: true, Head: true}
	t.Row(append([]string{""}, head...)...)
	for _, row := range c.Rows {
		t.Row(append([]string{row.Label}, cells(row)...)...)
	}
	return t
}

// headOf returns the column names.
func headOf(c *compare.Change) []string {
	if !c.Repeated {
		return []string{c.Base.Name, c.New.Name, "change"}
	}
	return withP(c, c.Base.Name, "range", c.New.Name, "range", "change", "p")
}

func cellsOf(c *compare.Change, row compare.ChangeRow) []string {
	if !c.Repeated {
		return []string{row.Base.MedianText(row.Dimension), row.New.MedianText(row.Dimension), row.ChangeText()}
	}
	return withP(c,
		row.Base.MedianText(row.Dimension), row.Base.RangeText(row.Dimension),
		row.New.MedianText(row.Dimension), row.New.RangeText(row.Dimension), row.ChangeText(), row.PText())
}
