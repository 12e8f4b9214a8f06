package head

import (
	"fmt"

	"nodrop/report"
	"nodrop/report/brief"
	"nodrop/report/check"
	"nodrop/report/diagnosis"
	"nodrop/report/format/page"
	"nodrop/report/sought"
)

// WriteSearch writes the answer of a search: the value, what each value lost, and
// why smaller ones are not enough.
func WriteSearch(out *page.Page, r *report.Report, b *brief.Brief) {
	writeVerdict(out, r, b)
	rows := r.Search.Rows()
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(out)
	t := &page.Table{Indent: 2, Gap: 3, Head: true, Right: true}
	h := r.Search.Head()
	t.Row(h.Value, h.LostIn, h.Lost, h.Exposed, h.Verdict)
	for _, row := range rows {
		if row.Verdict == sought.NotSafe {
			row.Lost = out.In(page.Red, row.Lost)
		}
		t.Row(row.Value, row.LostIn, row.Lost, row.Exposed, row.Verdict)
	}
	t.Write(out)
	causes, remedies := telling(r, b)
	if len(causes) > 0 {
		fmt.Fprintln(out)
		out.Heading("Why not " + r.Search.Range.Words(r.Search.Telling.Value) + ":")
		for i := range causes {
			one := causes[i]
			one.Arm = "" // the heading has it
			out.Paragraph("  ", causeLine(&one))
		}
	}
	if r.Verdict.Outcome != check.Pass {
		writeChange(out, "What to change:", remedies, b.Advice.Unseen)
	}
	writeLoads(out, &brief.Brief{Loads: b.Loads})
}

// telling lists why the value lost that shows why the answer is what it is, and
// what to change for that.
func telling(r *report.Report, b *brief.Brief) (causes []brief.Cause, remedies []diagnosis.Remedy) {
	var runs []report.RunReport
	for _, g := range r.Telling() {
		for i := range b.Causes {
			if b.Causes[i].Arm == g.Name {
				causes = append(causes, b.Causes[i])
			}
		}
		for _, place := range g.Places {
			runs = append(runs, r.Runs[place])
		}
	}
	return causes, report.AdviceOf(runs).Remedies
}

// AgainSearch repeats the answer of a search below the details.
func AgainSearch(out *page.Page, r *report.Report) {
	v := &r.Verdict
	out.Line("", out.In(outcomeStyles[v.Outcome], string(v.Outcome))+": "+v.Sentence+".")
	writeList(out, "  - ", v.Reasons)
	writeList(out, "  hint: ", v.Hints)
	writeList(out, "  - ", v.Beside)
}
