package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// writeChange writes a comparison of two arms.
func writeChange(out *page, c *Change) {
	fmt.Fprintln(out)
	out.heading(clean(headingOf(c)))
	for _, arm := range []*Arm{&c.Base, &c.New} {
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
func headingOf(c *Change) string { return "Comparison" + ofStream(c) + ", " + kindOf(c) + ":" }

func ofStream(c *Change) string {
	if c.Stream == "" {
		return ""
	}
	return " of " + c.Stream
}

// armsOf names both arms.
func armsOf(c *Change) string { return "From " + c.Base.Name + " to " + c.New.Name }

// kindOf says what the figures are.
func kindOf(c *Change) string {
	if !c.Repeated {
		return "single run, descriptive"
	}
	return fmt.Sprintf("medians over runs (~: cannot be told apart; Mann–Whitney, p ≥ %g)", alpha)
}

func armTitle(a *Arm) string {
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
func writeChangeRows(out *page, c *Change) {
	t := changeTable(c, headOf(c), func(row ChangeRow) []string { return cellsOf(c, row) })
	if !c.Repeated || t.fits(out) {
		t.write(out)
		return
	}
	medianTable(c).write(out)
	fmt.Fprintln(out)
	changeTable(c, []string{"range of " + c.Base.Name, "range of " + c.New.Name}, func(row ChangeRow) []string {
		return []string{row.Base.between(row.Dimension), row.New.between(row.Dimension)}
	}).write(out)
}

// medianTable is the table without ranges.
func medianTable(c *Change) *table {
	return changeTable(c, []string{c.Base.Name, c.New.Name, "change", "p"}, func(row ChangeRow) []string {
		return []string{row.Base.median(row.Dimension), row.New.median(row.Dimension), row.ChangeText(), row.PText()}
	})
}

func changeTable(c *Change, head []string, cells func(ChangeRow) []string) *table {
	t := &table{indent: 4, gap: 2, right: true}
	t.row(append([]string{""}, head...)...)
	for _, row := range c.Rows {
		t.row(append([]string{row.Label}, cells(row)...)...)
	}
	return t
}

// headOf names the columns of a row.
func headOf(c *Change) []string {
	if !c.Repeated {
		return []string{c.Base.Name, c.New.Name, "change"}
	}
	return []string{c.Base.Name, "range", c.New.Name, "range", "change", "p"}
}

func cellsOf(c *Change, row ChangeRow) []string {
	if !c.Repeated {
		return []string{row.Base.median(row.Dimension), row.New.median(row.Dimension), row.ChangeText()}
	}
	return []string{
		row.Base.median(row.Dimension), row.Base.between(row.Dimension),
		row.New.median(row.Dimension), row.New.between(row.Dimension), row.ChangeText(), row.PText(),
	}
}

// ChangeText is the change as a person reads it: "=" where nothing differs, "~"
// where a difference cannot be told from chance, "-" without a figure.
func (r ChangeRow) ChangeText() string {
	switch {
	case !r.Base.Known || !r.New.Known:
		return "-"
	case r.same():
		return "="
	case r.Tested && !r.Significant:
		return "~"
	case r.Base.Median == r.New.Median && r.Direction > 0:
		return "more"
	case r.Base.Median == r.New.Median:
		return "less"
	case r.ChangeKnown:
		return signedPercent(r.Change)
	}
	difference := cell(r.Dimension, r.New.Median-r.Base.Median) // base is 0, and nothing is below
	if r.Dimension == Ratio {
		difference = strings.TrimSuffix(difference, "%") + "pp" // points: + 5 % would be of base
	}
	return "+" + difference
}

// PText is the adjusted p-value; "-" where nothing was tested.
func (r ChangeRow) PText() string {
	if !r.Tested || r.same() {
		return "-"
	}
	return pValue(r.Adjusted)
}

// medians are both, of one figure.
func (r ChangeRow) medians() string {
	return cell(r.Dimension, r.Base.Median) + " → " + cell(r.Dimension, r.New.Median)
}

func (s Spread) median(d Dimension) string {
	if !s.Known {
		return "-"
	}
	return cell(d, s.Median)
}

// between is the range, with its unit once; "" for a single value.
func (s Spread) between(d Dimension) string {
	if !s.Known || len(s.Values) < 2 {
		return ""
	}
	low, high := cell(d, s.Min), cell(d, s.Max)
	if low == high {
		return high
	}
	if value, unit, ok := strings.Cut(low, " "); ok && strings.HasSuffix(high, " "+unit) {
		low = value
	}
	return low + "–" + high
}

// cell is a figure in a table; the row names a rate's unit.
func cell(d Dimension, v float64) string {
	if d != Rate {
		return d.format(v)
	}
	whole, part := math.Modf(math.Round(v*10) / 10)
	return number(int64(whole)) + strings.TrimPrefix(strconv.FormatFloat(part, 'f', 1, 64), "0")
}

// signedPercent writes a change with its sign and two digits that count.
func signedPercent(ratio float64) string {
	switch {
	case ratio > 0:
		return "+" + percentage(ratio)
	case ratio < 0:
		return "-" + percentage(-ratio)
	}
	return "0 %"
}

// pValue writes a p-value with the digits that matter.
func pValue(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return strconv.FormatFloat(p, 'f', 3, 64)
}
