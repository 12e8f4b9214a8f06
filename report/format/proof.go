package format

import (
	"fmt"
	"slices"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/check"
	"nodrop/report/format/head"
	"nodrop/report/phrase"
)

// titleOfProof is the outcome of a proof.
func titleOfProof(p *report.Proof) string { return "**" + string(p.Outcome) + "**" }

// proofMarkdown lists the changes that were tried, with their diffs.
func proofMarkdown(p *report.Proof) string {
	if p == nil || len(p.Rounds) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("#### What was changed\n")
	for i := range p.Rounds {
		r := &p.Rounds[i]
		fmt.Fprintf(&b, "\n%d. %s\n\n", i+1, mdLine(phrase.Shorten(head.RoundLine(r), 2*maxQuote)))
		b.WriteString(indented(mdFence(strings.Split(strings.TrimRight(r.Diff, "\n"), "\n"))))
	}
	return b.String()
}

// indented makes a block part of the list item before it.
func indented(block string) string {
	var b strings.Builder
	for line := range strings.Lines(block) {
		b.WriteString("   " + line)
	}
	return b.String()
}

// proofSuite has one case: that it is fixed.
func proofSuite(p *report.Proof) *suiteXML {
	v := p.Verdict()
	c := caseXML{Name: "fixed", ClassName: "nodrop.proof"}
	c.mark(v.Outcome, "proof", p.Sentence(), bodyText(slices.Concat([]string{p.Sentence()}, v.Reasons), v.Hints, nil)+roundsText(p))
	if v.Outcome == check.Pass {
		c.Out = clean(p.Sentence()) + "\n" + roundsText(p)
	}
	return &suiteXML{Name: "proof", Cases: []caseXML{c}}
}

// roundsText lists the changes that were tried, with their diffs.
func roundsText(p *report.Proof) string {
	var b strings.Builder
	for i := range p.Rounds {
		fmt.Fprintf(&b, "\n%s\n", clean(head.RoundLine(&p.Rounds[i])))
		for line := range strings.Lines(p.Rounds[i].Diff) {
			fmt.Fprintln(&b, clean(strings.TrimRight(line, "\n")))
		}
	}
	return b.String()
}

type (
	proofJSON struct {
		Outcome  string           `json:"outcome"`
		Sentence string           `json:"sentence"`
		Before   *proofSideJSON   `json:"before"`
		After    *proofSideJSON   `json:"after"`
		Rounds   []proofRoundJSON `json:"rounds"`
		Stopped  *string          `json:"stopped"`
		File     *string          `json:"file"`
		Kept     bool             `json:"kept"`
	}

	proofSideJSON struct {
		Variant  string  `json:"variant"`
		Sent     []int64 `json:"sent"`
		Lost     []int64 `json:"lost"`
		OutageNs []int64 `json:"outageNs"`
	}

	proofRoundJSON struct {
		Code       string  `json:"code"`
		Title      string  `json:"title"`
		Confidence string  `json:"confidence"`
		Change     string  `json:"change"`
		Diff       string  `json:"diff"`
		Patch      *string `json:"patch"`
		Variant    *string `json:"variant"`
		Against    string  `json:"against"`
		Outcome    *string `json:"outcome"`
	}
)

func proofJSONOf(p *report.Proof) *proofJSON {
	if p == nil {
		return nil
	}
	j := &proofJSON{
		Outcome: string(p.Outcome), Sentence: p.Sentence(), Before: sideJSONOf(&p.Before), After: sideJSONOf(&p.After),
		Rounds: []proofRoundJSON{}, Stopped: textOrNull(p.Stopped), File: textOrNull(p.File), Kept: p.Kept,
	}
	for i := range p.Rounds {
		j.Rounds = append(j.Rounds, roundJSONOf(&p.Rounds[i]))
	}
	return j
}

func roundJSONOf(r *record.ProofRound) proofRoundJSON {
	return proofRoundJSON{
		r.Code, r.Title, r.Confidence, r.Change, r.Diff, textOrNull(r.Patch), textOrNull(r.Variant), r.Against, textOrNull(string(r.Outcome)),
	}
}

func sideJSONOf(s *report.ProofSide) *proofSideJSON {
	if len(s.Lost) == 0 {
		return nil
	}
	return &proofSideJSON{s.Variant, s.Sent, s.Lost, s.Outage}
}
