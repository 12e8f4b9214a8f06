package report

import (
	"fmt"
	"strings"

	"nodrop/report/compare"
)

// writeChange writes a comparison of two arms.
func writeChange(out *page, c *compare.Change) {
	fmt.Fprintln(out)
	out.heading(clean(headingOf(c)))
	for _, arm := range []*compare.Arm{&c.Base, &c.New} {
		out.paragraph("  ", armTitle(arm))
	}
	fmt.Fprintln(out)
	writeChangeRows(out, c)
	for _, part := range []struct {
		title string
		list  []string
	}{{"Not comparable in every respect", c.Warnings}, {"Notes", c.Notes}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintln(out)
		out.heading(part.title + ":")
		for _, text := range part.list {
			out.paragraph("  - ", text)
		}
	}
	fmt.Fprintln(out)
}

// headingOf says what is compared, and what the figures are.
func headingOf(c *compare.Change) string { return "Comparison" + ofStream(c) + ", " + kindOf(c) + ":" }

func ofStream(c *compare.Change) string {
	if c.Stream == "" {
		return ""
	}
	return " of " + c.Stream
}

// armsOf names both arms.
func armsOf(c *compare.Change) string { return "From " + c.Base.Name + " to " + c.New.Name }

// kindOf says what the figures are.
func kindOf(c *compare.Change) string {
	if !c.Repeated {
		return "single run, descriptive"
	}
	return fmt.Sprintf("medians over runs (~: cannot be told apart; Mann–Whitney, p ≥ %g)", compare.Alpha)
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
		text += " of " + a.Variant
	}
	return text
}

// writeChangeRows writes the figures; the ranges in a table of their own where
// they have no room beside.
func writeChangeRows(out *page, c *compare.Change) {
	t := changeTable(c, headOf(c), func(row compare.ChangeRow) []string { return cellsOf(c, row) })
	if !c.Repeated || t.fits(out) {
		t.write(out)
		return
	}
	medianTable(c).write(out)
	fmt.Fprintln(out)
	changeTable(c, []string{"range of " + c.Base.Name, "range of " + c.New.Name}, func(row compare.ChangeRow) []string {
		return []string{row.Base.RangeText(row.Dimension), row.New.RangeText(row.Dimension)}
	}).write(out)
}

// medianTable is the table without ranges.
func medianTable(c *compare.Change) *table {
	return changeTable(c, []string{c.Base.Name, c.New.Name, "change", "p"}, func(row compare.ChangeRow) []string {
		return []string{row.Base.MedianText(row.Dimension), row.New.MedianText(row.Dimension), row.ChangeText(), row.PText()}
	})
}

func changeTable(c *compare.Change, head []string, cells func(compare.ChangeRow) []string) *table {
	t := &table{indent: 4, gap: 2, right: true}
	t.row(append([]string{""}, head...)...)
	for _, row := range c.Rows {
		t.row(append([]string{row.Label}, cells(row)...)...)
	}
	return t
}

// headOf names the columns of a row.
func headOf(c *compare.Change) []string {
	if !c.Repeated {
		return []string{c.Base.Name, c.New.Name, "change"}
	}
	return []string{c.Base.Name, "range", c.New.Name, "range", "change", "p"}
}

func cellsOf(c *compare.Change, row compare.ChangeRow) []string {
	if !c.Repeated {
		return []string{row.Base.MedianText(row.Dimension), row.New.MedianText(row.Dimension), row.ChangeText()}
	}
	return []string{
		row.Base.MedianText(row.Dimension), row.Base.RangeText(row.Dimension),
		row.New.MedianText(row.Dimension), row.New.RangeText(row.Dimension), row.ChangeText(), row.PText(),
	}
}
