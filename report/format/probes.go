package format

import (
	"fmt"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report/format/page"
	"nodrop/report/phrase"
)

// writeProbes counts the connections that were made beside the load.
func writeProbes(out *page.Page, run *record.Run) {
	text := probesText(run)
	if text == "" {
		return
	}
	fmt.Fprintln(out)
	out.Paragraph("  Probes: ", text)
}

// probesText returns "" if there were no probes.
func probesText(run *record.Run) string {
	p := probesOf(run)
	if p == nil {
		return ""
	}
	var parts []string
	for _, o := range p.Outcomes {
		parts = append(parts, fmt.Sprintf("%d %s", o.Count, o.Outcome))
	}
	if p.Unlisted > 0 {
		parts = append(parts, fmt.Sprintf("%d not listed", p.Unlisted))
	}
	if p.Spoiled > 0 {
		parts = append(parts, fmt.Sprintf("%d failed because of this machine", p.Spoiled))
	}
	return phrase.Counted(p.Total, "connection", "connections") + " beside the load, in no count: " + strings.Join(parts, ", ")
}

type (
	probesJSON struct {
		Total    int64            `json:"total"`
		Outcomes []probeCountJSON `json:"outcomes"`
		Unlisted int64            `json:"unlisted"`
		Spoiled  int64            `json:"spoiled"`
	}

	probeCountJSON struct {
		Outcome string `json:"outcome"`
		Count   int64  `json:"count"`
	}
)

// probesOf counts the probes of a run; nil if there were none.
func probesOf(run *record.Run) *probesJSON {
	j := &probesJSON{Total: int64(len(run.Probes)) + run.ProbesUnlisted + run.ProbesSpoiled, Outcomes: []probeCountJSON{}, Unlisted: run.ProbesUnlisted, Spoiled: run.ProbesSpoiled}
	if j.Total == 0 {
		return nil
	}
	count := map[record.ProbeOutcome]int64{}
	for i := range run.Probes {
		count[run.Probes[i].Outcome]++
	}
	for _, outcome := range record.ProbeOutcomes {
		if n := count[outcome]; n > 0 {
			j.Outcomes = append(j.Outcomes, probeCountJSON{string(outcome), n})
		}
	}
	return j
}
