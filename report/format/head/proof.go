package head

import (
	"fmt"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
	"nodrop/report"
	"nodrop/report/format/page"
)

// writeProof lists the changes that were tried: what each is for, what came of
// it, and how the object changes.
func writeProof(out *page.Page, p *report.Proof) {
	if len(p.Rounds) == 0 {
		return
	}
	fmt.Fprintln(out)
	out.Heading("What was changed:")
	for i := range p.Rounds {
		r := &p.Rounds[i]
		out.Paragraph("  ", fmt.Sprintf("%d. %s", i+1, RoundLine(r)))
		for line := range strings.Lines(r.Diff) {
			fmt.Fprintln(out, "     "+safetext.CleanLine(strings.TrimRight(line, "\n")))
		}
	}
}

// RoundLine says what a change was for, and what came of it.
func RoundLine(r *record.ProofRound) string {
	outcome := string(r.Outcome)
	switch {
	case outcome != "":
	case r.Variant != "":
		outcome = "not compared"
	default:
		outcome = "not tried"
	}
	return fmt.Sprintf("%s: %s; for: %s (%s)", r.Change, outcome, r.Title, r.Confidence)
}

// writeProven writes the outcome of a proof on a line of its own, which begins
// with it: scripts read it.
func writeProven(out *page.Page, p *report.Proof) {
	word, rest, _ := strings.Cut(safetext.CleanLine(p.Sentence()), ":")
	out.Line("", out.In(outcomeStyles[p.Verdict().Outcome], word)+":"+rest)
}
