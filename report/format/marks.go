package format

import (
	"fmt"
	"io"

	"nodrop/loadgen/record"
	"nodrop/report/format/page"
	"nodrop/report/phrase"
)

// writeMarks lists the run's marks: each step on a line, and marks of many
// endpoints together.
func writeMarks(out *page.Page, marks []record.Mark) {
	if len(marks) == 0 {
		return
	}
	out.Section("Marks:")
	t := &page.Table{Indent: 4, Gap: 3, Prose: true}
	for _, g := range groupMarks(marks) {
		t.Row(g.when(), clean(g.text()))
	}
	t.Write(out)
}

// Beside writes what was observed during a load by another client: marks,
// relative to its start, and a sentence about it.
func Beside(w io.Writer, marks []record.Mark, kernel string) error {
	out := page.New(w, page.Options{})
	writeMarks(out, marks)
	out.Section("Counted by the kernel:")
	out.Paragraph("    ", kernel)
	fmt.Fprintln(out)
	return out.Flush()
}

// markGroup is one step, or the same lifecycle mark of several endpoints.
type markGroup struct {
	mark        record.Mark
	first, last int64
	endpoints   []string
}

func groupMarks(marks []record.Mark) []markGroup {
	type key struct {
		kind      record.MarkKind
		err, told string
	}
	var groups []markGroup
	places := map[key]int{} // indexes into groups, for marks of endpoints
	for _, m := range marks {
		k := key{kind: m.Kind, err: m.Error}
		if m.Shutdown != nil {
			k.told = m.Shutdown.String()
		}
		i, known := places[k]
		if !known || m.Endpoint == "" {
			i = len(groups)
			groups = append(groups, markGroup{mark: m, first: m.Start, last: m.End})
		}
		if m.Endpoint != "" {
			places[k] = i
		}
		g := &groups[i]
		g.last = max(g.last, m.End)
		if m.Endpoint != "" {
			g.endpoints = append(g.endpoints, m.Endpoint)
		}
	}
	return groups
}

func (g markGroup) when() string {
	when := phrase.Moment(g.first)
	if last := phrase.Moment(g.last); last != when {
		when += " … " + last
	}
	return when
}

func (g markGroup) text() string {
	text := g.mark.Name
	if len(g.endpoints) > 0 {
		text = string(g.mark.Kind) + ": " + phrase.Names(g.endpoints)
	}
	if g.mark.Shutdown != nil {
		text += "; " + g.mark.Shutdown.String()
	}
	if g.mark.Error != "" {
		text += ": " + g.mark.Error
	}
	return text
}
