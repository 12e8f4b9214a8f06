package format

import (
	"fmt"
	"io"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
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
	for _, g := range analysis.GroupMarks(marks) {
		t.Row(phrase.Times(g.First, g.Last), clean(phrase.Marks(&g)))
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
