// Package past puts a history into words: a table with a line for each
// recording, the trend, and what is not in the table. The text report writes them
// with Write; other formats take the same cells and sentences.
package past

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"nodrop/loadgen/safetext"
	"nodrop/report"
	"nodrop/report/check"
	"nodrop/report/format/page"
	"nodrop/report/history"
	"nodrop/report/metric"
	"nodrop/report/phrase"
)

// Title says what a load's table is about.
func Title(h *history.History, l *history.Load) string {
	text := "History in " + h.Directory
	if h.Variant != "" {
		text += ", variant " + h.Variant
	}
	if l.Stream != "" {
		text += ", load " + l.Stream
	}
	if len(l.Past) == 0 && l.New != nil {
		return text + ": no recording before " + l.New.File
	}
	text += ": " + phrase.Counted(int64(len(l.Past)), "recording", "recordings")
	if n := len(l.Past); n > 0 {
		first, last := dayOf(&l.Past[0]), dayOf(&l.Past[n-1])
		if first == last {
			text += " of " + first
		} else {
			text += " from " + first + " to " + last
		}
	}
	if l.New != nil {
		text += ", then " + l.New.File
	}
	return text
}

// Head names the cells of a line.
func Head(l *history.Load) []string {
	head := []string{"file", "recorded", "verdict", "sent", "lost"}
	if sharesDay(l) {
		head[1] = "recorded (UTC)"
	}
	if Repeated(l) {
		head = append(head, "lost in")
	}
	return append(head, "outage", "p99")
}

// sharesDay reports whether two recordings are of the same day, so that it takes
// the time to tell them apart.
func sharesDay(l *history.Load) bool {
	days := map[string]bool{}
	for _, line := range l.Lines() {
		days[dayOf(line)] = true
	}
	return len(days) < len(l.Lines())
}

func dayOf(line *history.Line) string { return line.Started.UTC().Format(time.DateOnly) }

// Repeated reports whether a recording has several runs, so that its figures are
// medians.
func Repeated(l *history.Load) bool {
	return slices.ContainsFunc(l.Lines(), func(line *history.Line) bool { return len(line.Arm.Runs) > 1 })
}

// Cells describes a recording in one line.
func Cells(l *history.Load, line *history.Line) []string {
	of := func(name string) (metric.Spread, metric.Dimension) {
		m, _ := metric.Find(name)
		return line.Arm.Spread(m), m.Dimension
	}
	cell := func(name string) string {
		spread, d := of(name)
		return spread.MedianText(d)
	}
	lost, outage := "none", "-"
	if n := line.Arm.LostRuns(); n > 0 {
		outage = cell("window.total")
		if lost = cell("lost"); lost != "0" {
			lost += " (" + cell("loss") + ")"
		}
	}
	recorded := dayOf(line)
	if sharesDay(l) {
		recorded = line.Started.UTC().Format("2006-01-02 15:04")
	}
	cells := []string{line.File, recorded, verdictText(line.Verdict), cell("started"), lost}
	if Repeated(l) {
		cells = append(cells, fmt.Sprintf("%d of %d", line.Arm.LostRuns(), len(line.Arm.Runs)))
	}
	return append(cells, outage, cell("p99"))
}

// Lines lists all recordings as plain text.
func Lines(l *history.Load) string {
	var b strings.Builder
	for _, line := range l.Lines() {
		b.WriteString(safetext.CleanLine(strings.Join(Cells(l, line), "  ")) + "\n")
	}
	return b.String()
}

// verdictText is the verdict of a recording; "-" if it had no checks.
func verdictText(v check.Outcome) string {
	if v == check.None {
		return "-"
	}
	return string(v)
}

// Notes lists what the reader of a table has to know of it.
func Notes(l *history.Load) []string {
	var list []string
	if Repeated(l) {
		list = append(list, "figures of a recording are the medians of its runs")
	}
	for _, line := range l.Lines() {
		if n := len(line.Arm.Runs) - len(line.Counted); n > 0 && line != l.New {
			text := line.File + " does not count"
			if len(line.Counted) > 0 {
				text = fmt.Sprintf("%s: %d of %d runs do not count", line.File, n, len(line.Arm.Runs))
			}
			list = append(list, text+": "+strings.Join(line.Doubts, "; "))
		}
	}
	return append(list, l.Notes...)
}

// The most reasons why files are left out, and the most files named for one.
const (
	maxReasons = 10
	maxNamed   = 3
)

// Left says which files are not in the table: for each of the first reasons the
// first ones.
func Left(h *history.History) []string {
	var list []string
	var reasons []string
	files := map[string][]string{}
	for _, left := range h.Left {
		reason := reasonText(left)
		if files[reason] == nil {
			reasons = append(reasons, reason)
		}
		files[reason] = append(files[reason], left.File)
	}
	for i, reason := range reasons {
		if i == maxReasons {
			more := 0
			for _, other := range reasons[i:] {
				more += len(files[other])
			}
			list = append(list, phrase.Counted(int64(more), "more file", "more files")+": -o report-json has all")
			break
		}
		names := files[reason]
		text := strings.Join(names[:min(len(names), maxNamed)], ", ")
		if more := len(names) - maxNamed; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		list = append(list, text+": "+reason)
	}
	return list
}

func reasonText(left history.Left) string {
	if left.Why == history.Other {
		return "another scenario: " + left.Reason
	}
	return left.Reason
}

// Why says where the causes of the losses of the new recording are; "" if it lost
// nothing, or nothing is judged.
func Why(h *history.History) string {
	for _, l := range h.Loads {
		if l.New != nil && l.New.Arm.LostRuns() > 0 {
			file := l.New.File
			if h.Newest {
				file = strings.TrimSuffix(h.Directory, "/") + "/" + file
			}
			return "Why it lost requests, and what to change: nodrop report " + file
		}
	}
	return ""
}

// Write writes the tables and what belongs to them.
func Write(out *page.Page, r *report.Report) {
	h := r.History
	for _, l := range h.Loads {
		fmt.Fprintln(out)
		out.Heading(safetext.CleanLine(Title(h, l)) + ":")
		writeTable(out, l)
		out.Paragraph("  Trend: ", l.Trend.String())
		for _, note := range Notes(l) {
			out.Paragraph("  - ", note)
		}
	}
	for _, part := range []struct {
		title string
		list  []string
	}{{"Left out:", Left(h)}, {"Checks:", r.Passed()}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintln(out)
		out.Heading(part.title)
		for _, text := range part.list {
			out.Paragraph("  - ", text)
		}
	}
}

// Last repeats what the verdict rests on below the tables: on a terminal, that is
// what is left on the screen.
func Last(out *page.Page, r *report.Report) {
	for _, part := range []struct {
		prefix string
		list   []string
	}{{"  - ", r.Verdict.Reasons}, {"  hint: ", r.Verdict.Hints}} {
		for _, text := range part.list {
			out.Line(part.prefix, safetext.CleanLine(text))
		}
	}
	if why := Why(r.History); why != "" {
		out.Paragraph("", why)
	}
}

// leastFile is the least number of columns for the name of a file.
const leastFile = 8

// writeTable writes a line for each recording. Names of files get what room
// there is beside the figures.
func writeTable(out *page.Page, l *history.Load) {
	longest := 0
	for _, line := range l.Lines() {
		longest = max(longest, page.Columns(safetext.CleanLine(line.File)))
	}
	t := tableOf(out, l, longest)
	for most := longest - 1; most >= leastFile && !t.Fits(out); most-- {
		t = tableOf(out, l, most)
	}
	t.Write(out)
}

// tableOf is the table with names of files of at most so many columns.
func tableOf(out *page.Page, l *history.Load, most int) *page.Table {
	t := &page.Table{Indent: 2, Gap: 2, Head: true, Right: true}
	t.Row(Head(l)...)
	for _, line := range l.Lines() {
		cells := Cells(l, line)
		if cells[0] = safetext.CleanLine(cells[0]); page.Columns(cells[0]) > most {
			cells[0] = page.Fit(strings.TrimSuffix(cells[0], ".json"), most)
		}
		if line.Arm.LostRuns() > 0 {
			cells[lostColumn] = out.In(page.Red, cells[lostColumn])
		}
		t.Row(cells...)
	}
	return t
}

// lostColumn is where Head and Cells have what was lost.
const lostColumn = 4
