// Package head writes the answer that a report begins with or, of a plain load,
// ends with: what was lost, why, what to change, and when. Package brief
// computes it.
package head

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
	"nodrop/report"
	"nodrop/report/brief"
	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/format/page"
	"nodrop/report/phrase"
)

// Write writes the answer before the details.
func Write(out *page.Page, r *report.Report, b *brief.Brief) {
	writeVerdict(out, r, b)
	if len(b.Arms) == 0 {
		return
	}
	fmt.Fprintln(out)
	writeArms(out, b)
	writeEvidence(out, r)
	writeWhy(out, b, len(r.Compared) == 0)
	if r.Proof != nil {
		writeProof(out, r.Proof)
	}
	if r.Proof == nil || r.Proof.Outcome != record.Fixed {
		writeChange(out, "What to change:", b.Advice.Remedies, b.Advice.Unseen)
	}
	writeWhen(out, b)
	writeLoads(out, b)
	if passed := r.Passed(); len(passed) > 0 {
		fmt.Fprintln(out)
		out.Heading("Checks:")
		writeList(out, "  - ", passed)
	}
}

// Again repeats the verdict, the main cause and what to change for it below the
// details: on a terminal, that is what is left on the screen. A proof ends with
// its outcome.
func Again(out *page.Page, r *report.Report, b *brief.Brief) {
	if r.Proof != nil {
		if r.Proof.Outcome != record.Fixed {
			writeMain(out, b)
		}
		writeProven(out, r.Proof)
		return
	}
	v := &r.Verdict
	text := safetext.CleanLine(v.Sentence)
	if v.Outcome != check.None && text != "" {
		text = out.In(outcomeStyles[v.Outcome], string(v.Outcome)) + ": " + text
	}
	if text != "" {
		out.Line("", text+".")
	}
	writeMain(out, b)
}

// writeMain writes the main cause and what to change for it.
func writeMain(out *page.Page, b *brief.Brief) {
	cause := largest(b.Causes)
	if cause == nil {
		return
	}
	out.Paragraph("", "Why: "+mainCause(cause, len(b.Causes)-1))
	if list := b.Advice.Remedies; len(list) > 0 {
		out.Paragraph("", "What to change: "+list[b.Change(cause)].String())
	}
	out.Paragraph("", "The rest of the answer is at the top of this report.")
}

func writeVerdict(out *page.Page, r *report.Report, b *brief.Brief) {
	v := &r.Verdict
	if r.Proof != nil {
		writeProven(out, r.Proof)
	} else {
		writeOutcome(out, v)
	}
	writeList(out, "  - ", v.Reasons)
	writeList(out, "  hint: ", v.Hints)
	writeList(out, "  - ", v.Beside)
	if b.Unasked {
		out.Line("  - ", unchecked)
	}
}

func writeOutcome(out *page.Page, v *report.Verdict) {
	text := safetext.CleanLine(v.Sentence)
	if v.Outcome != check.None {
		line := "Verdict: " + out.In(outcomeStyles[v.Outcome], string(v.Outcome))
		if text != "" {
			line += ": " + text
		}
		text = line
	}
	if text != "" {
		out.Line("", text+".")
	}
}

// unchecked is said of losses that nobody asked about.
const unchecked = "exit 0: no check was given; --fail-if 'lost > 0' fails a run with losses"

func writeList(out *page.Page, prefix string, list []string) {
	for _, text := range list {
		out.Line(prefix, safetext.CleanLine(text))
	}
}

var outcomeStyles = map[check.Outcome]page.Style{check.Pass: page.Green, check.Fail: page.Red, check.Inconclusive: page.Yellow}

// maxArms limits the table.
const maxArms = 20

// writeArms has a row for each arm; of repetitions, the medians.
func writeArms(out *page.Page, b *brief.Brief) {
	repeated := b.Repeated()
	t := &page.Table{Indent: 2, Gap: 3, Head: true, Right: true}
	head := []string{"", "sent", "lost", "first loss", "outage", "p99"}
	if repeated {
		head[3] = "lost in"
	}
	t.Row(head...)
	for i := range b.Arms {
		if i == maxArms {
			t.Row(fmt.Sprintf("and %d more", len(b.Arms)-i))
			break
		}
		a := &b.Arms[i]
		beside := firstCell(a)
		if repeated {
			beside = fmt.Sprintf("%d of %s", a.LostIn, phrase.Counted(int64(a.Runs), "run", "runs"))
		}
		t.Row(safetext.CleanLine(a.Name), a.Sent.MedianText(count), lostCell(out, a), beside, outageCell(a), a.P99.MedianText(duration))
	}
	t.Write(out)
}

func lostCell(out *page.Page, a *brief.Arm) string {
	switch {
	case a.LostIn == 0:
		return "none"
	case a.Lost.Median == 0:
		return out.In(page.Red, "0")
	}
	return out.In(page.Red, fmt.Sprintf("%s (%s)", a.Lost.MedianText(count), a.Ratio.MedianText(ratio)))
}

// firstCell says when an arm of one run first lost a request.
func firstCell(a *brief.Arm) string {
	w := a.Worst.Loss.Windows
	if len(w) == 0 {
		return "-"
	}
	return phrase.Moment(w[0].Begin)
}

func outageCell(a *brief.Arm) string {
	if a.LostIn == 0 {
		return "-"
	}
	return a.Outage.MedianText(duration)
}

// writeEvidence says how sure a difference between repeated runs is.
func writeEvidence(out *page.Page, r *report.Report) {
	list := r.Changes
	for _, c := range r.Compared {
		list = append(list, c.Change)
	}
	if len(list) == 0 {
		return
	}
	for _, c := range list {
		if !c.Repeated {
			continue
		}
		out.Paragraph("  ", evidence(c))
	}
}

func evidence(c *compare.Change) string {
	of := fmt.Sprintf("medians of %d + %d runs", len(c.Base.Runs), len(c.New.Runs))
	if c.Weak() {
		return of + ": too few to tell a difference from chance"
	}
	lost := c.Row("lost", "")
	text := fmt.Sprintf("%s; %s to %s: lost %s", of, c.Base.Name, c.New.Name, lost.Medians())
	if p := lost.PText(); p != "-" {
		text += ", p = " + p
	}
	return text
}
