package format

import (
	"fmt"
	"strings"

	"nodrop/report/format/past"
	"nodrop/report/history"
	"nodrop/report/phrase"
)

// history adds a table for each load, and what is not in them.
func (m *markdown) history(h *history.History) {
	for _, l := range h.Loads {
		title := past.Title(h, l)
		m.part(title, mdInline(title)+":\n\n"+historyMarkdown(l)+"\nTrend: "+mdInline(l.Trend.String())+".\n")
		var notes strings.Builder
		bullets(&notes, past.Notes(l))
		if notes.Len() > 0 {
			m.part("notes of "+title, details("Notes", true, notes.String()))
		}
	}
	var left strings.Builder
	bullets(&left, past.Left(h))
	if left.Len() > 0 {
		m.part("what is left out", details("Left out", true, left.String()))
	}
	if why := past.Why(h); why != "" {
		m.part("where to read why", mdInline(why)+"\n")
	}
}

// historyMarkdown has a row for each of the newest recordings.
func historyMarkdown(l *history.Load) string {
	head := past.Head(l)
	for i := range head[1:] {
		head[i+1] += " >"
	}
	t := newMarkdownTable(head...)
	lines := l.Lines()
	if more := len(lines) - maxPast; more > 0 {
		t.remark(fmt.Sprintf("%d older ones", more))
		lines = lines[more:]
	}
	for _, line := range lines {
		cells := past.Cells(l, line)
		cells[0] = mdCode(phrase.Shorten(cells[0], 60))
		for i := range cells[1:] {
			cells[i+1] = mdInline(cells[i+1])
		}
		t.row(cells...)
	}
	return t.String()
}
