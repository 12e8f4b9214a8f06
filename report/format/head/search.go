package head

import (
	"fmt"

	"nodrop/report"
	"nodrop/report/brief"
	"nodrop/report/check"
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
	t.Row(h.Value, h.FailedIn, h.Lost, h.Exposed, h.Verdict)
	for _, row := range rows {
		if row.Verdict == sought.NotSafe {
			row.Lost = out.In(page.Red, row.Lost)
		}
		t.Row(row.Value, row.FailedIn, row.Lost, row.Exposed, row.Verdict)
	}
	t.Write(out)
	if causes := telling(r, b); len(causes) > 0 {
		fmt.Fprintln(out)
		out.Heading(whyNot(r))
		for i := range causes {
			one := causes[i]
			one.Arm = "" // the heading has it
			out.Paragraph("  ", causeLine(&one))
		}
	}
	advice := SearchAdvice(r)
	writeChange(out, "What to change:", advice.Remedies, advice.Unseen)
	writeLoads(out, &brief.Brief{Loads: b.Loads})
}

func whyNot(r *report.Report) string {
	return "Why not " + r.Search.Range.Words(r.Search.Telling.Value) + ":"
}

// SearchAdvice is what to change if no value was found: a value that was needs no
// advice beside it.
func SearchAdvice(r *report.Report) report.Advice {
	if r.Verdict.Outcome == check.Pass {
		return report.Advice{}
	}
	return report.AdviceOf(r.TellingRuns())
}

// telling lists why the value lost that shows why the answer is what it is.
func telling(r *report.Report, b *brief.Brief) []brief.Cause {
	var causes []brief.Cause
	for _, g := range r.Telling() {
		for i := range b.Causes {
			if b.Causes[i].Arm == g.Name {
				causes = append(causes, b.Causes[i])
			}
		}
	}
	return causes
}

// AgainSearch repeats the answer of a search below the details.
func AgainSearch(out *page.Page, r *report.Report, b *brief.Brief) {
	v := &r.Verdict
	out.Line("", out.In(outcomeStyles[v.Outcome], string(v.Outcome))+": "+v.Sentence+".")
	writeList(out, "  - ", v.Reasons)
	writeList(out, "  hint: ", v.Hints)
	writeList(out, "  - ", v.Beside)
	cause := largest(telling(r, b))
	if cause == nil {
		return
	}
	out.Paragraph("", whyNot(r)+" "+mainCause(cause, 0))
	if list := SearchAdvice(r).Remedies; len(list) > 0 {
		out.Paragraph("", "What to change: "+list[0].String())
	}
	out.Paragraph("", "The rest of the answer is at the top of this report.")
}
