package report

import (
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/diagnosis"
)

// Judge returns the verdict on a recording, what was lost and why, and what to
// change, as data.
func Judge(rec *record.Recording) record.Judgement {
	r := Build(rec)
	j := record.Judgement{Verdict: r.Verdict.Outcome, Reasons: r.Verdict.Reasons}
	if r.Proof != nil {
		j.Proof = r.Proof.Outcome
	}
	for i := range r.Runs {
		run := &r.Runs[i]
		j.Sent += run.Run.Counts.Started
		j.Lost += run.Run.Counts.Lost
		j.Exposed += run.Exposed()
		j.Unhealthy = j.Unhealthy || unhealthy(&run.Figures)
		if shortest := run.Loss.Limits.Smallest(run.Loss.Leaving()); i == 0 || shortest < j.Resolved {
			j.Resolved = shortest
		}
		for k := range run.Findings {
			j.Findings = append(j.Findings, findingOf(run.Run, &run.Findings[k]))
		}
	}
	for i := range j.Findings {
		for _, remedy := range j.Findings[i].Remedies {
			if !slices.Contains(j.Remedies, remedy) {
				j.Remedies = append(j.Remedies, remedy)
			}
		}
	}
	return j
}

func findingOf(run *record.Run, f *diagnosis.Finding) record.Finding {
	return record.Finding{
		Variant: run.Variant, Code: string(f.Code), Title: f.Title, Confidence: string(f.Confidence),
		Lost: f.Lost, Needed: f.Needed, Remedies: f.Settings,
	}
}
