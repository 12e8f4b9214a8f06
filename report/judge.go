package report

import (
	"slices"

	"nodrop/loadgen/record"
)

// Judge returns the verdict on a recording and what to change, as data.
func Judge(rec *record.Recording) record.Judgement {
	r := Build(rec)
	j := record.Judgement{Verdict: r.Verdict.Outcome}
	for i := range r.Runs {
		for _, f := range r.Runs[i].Findings {
			for _, remedy := range f.Settings {
				if !slices.Contains(j.Remedies, remedy) {
					j.Remedies = append(j.Remedies, remedy)
				}
			}
		}
	}
	return j
}
