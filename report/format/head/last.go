package head

import (
	"fmt"
	"slices"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/brief"
	"nodrop/report/check"
	"nodrop/report/format/page"
	"nodrop/report/phrase"
)

// Last writes the answer at the end of a report of plain loads. Its last lines
// are the verdict, the cause, and the change.
func Last(out *page.Page, r *report.Report, b *brief.Brief) {
	v, cause, advised := &r.Verdict, largest(b.Causes), len(b.Advice.Remedies) > 0
	change := b.Change(cause)
	if advised {
		others := slices.Delete(slices.Clone(b.Advice.Remedies), change, change+1)
		writeChange(out, "What else to change:", others, b.Advice.Unseen)
	}
	fmt.Fprintln(out)
	if v.Outcome != check.None {
		out.Heading("Checks:")
		writeList(out, "  - ", slices.Concat(v.Reasons, r.Passed(), v.Beside))
		writeList(out, "  hint: ", v.Hints)
		fmt.Fprintln(out)
	}
	if b.Unasked {
		out.Line("", unchecked)
	}
	writeLastVerdict(out, r, b)
	switch {
	case cause != nil:
		out.Paragraph("", "Why: "+mainCause(cause, len(b.Causes)-1))
	case advised && len(b.Beside) > 0:
		out.Paragraph("", "Also seen: "+causeLine(&b.Beside[0]))
	}
	if advised {
		out.Paragraph("", "What to change: "+b.Advice.Remedies[change].String())
	}
}

func writeLastVerdict(out *page.Page, r *report.Report, b *brief.Brief) {
	v := &r.Verdict
	text := lastSentence(r, b)
	if v.Outcome == check.None {
		out.Line("", text)
		return
	}
	out.Line("", "Verdict: "+out.In(outcomeStyles[v.Outcome], string(v.Outcome))+": "+text+".")
}

// maxClasses limits the classes that the last verdict names.
const maxClasses = 3

// lastSentence says what was lost, over all loads.
func lastSentence(r *report.Report, b *brief.Brief) string {
	if len(b.Arms) != 1 {
		lost, of := b.Lost()
		return report.LostOf(lost, of) + fmt.Sprintf(" over all %d loads", len(b.Arms)) + besides(r.Runs)
	}
	run := &b.Arms[0].Worst
	text := report.LostPhrase(&run.Figures)
	if run.Run.Counts.Lost > 0 {
		text += whenAndHow(run)
	} else if z, ok := brief.ZeroOf(run); ok && z.Event {
		text += ": " + zeroText(&z)
	}
	return text + besides([]report.RunReport{*run})
}

// besides says what else became of loads that did not just run to their end.
func besides(runs []report.RunReport) string {
	var c record.Counts
	interrupted, text := int64(-1), ""
	for i := range runs {
		one := &runs[i].Run.Counts
		c.Spoiled, c.Aborted, c.Unsent = c.Spoiled+one.Spoiled, c.Aborted+one.Aborted, c.Unsent+one.Unsent
		if runs[i].Run.Interrupted {
			interrupted = max(interrupted, runs[i].Run.Duration)
		}
	}
	for _, of := range []struct {
		n    int64
		what string
	}{{c.Spoiled, "failed because of this machine"}, {c.Aborted, "in flight when it was stopped"}, {c.Unsent, "never sent"}} {
		if of.n > 0 {
			text += "; " + phrase.Number(of.n) + " " + of.what
		}
	}
	if interrupted >= 0 {
		text += "; interrupted after " + phrase.Duration(interrupted)
	}
	return text
}

// whenAndHow says from when on a run lost requests, and to what.
func whenAndHow(run *report.RunReport) string {
	text := ""
	var classes []string
	for _, c := range run.Loss.Classes {
		if !c.Spoiled {
			classes = append(classes, phrase.Number(c.Total())+" × "+c.Class.String())
		}
	}
	if more := len(classes) - maxClasses; more > 0 {
		classes = append(classes[:maxClasses], phrase.Counted(int64(more), "more class", "more classes"))
	}
	if w := run.Loss.Windows; len(w) > 0 {
		text += " from " + phrase.Moment(w[0].Begin) + " on"
	}
	return text + ": " + strings.Join(classes, ", ")
}

// largest returns the cause of most losses, or nil.
func largest(list []brief.Cause) *brief.Cause {
	var most *brief.Cause
	for i := range list {
		if most == nil || list[i].Most > most.Most {
			most = &list[i]
		}
	}
	return most
}

func mainCause(c *brief.Cause, more int) string {
	text := fmt.Sprintf("%s (%s; %s)", c.Title, share(c), c.Confidence)
	if more > 0 {
		text += "; " + phrase.Counted(int64(more), "more cause", "more causes") + " above"
	}
	return text
}
