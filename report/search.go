package report

import (
	"slices"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/trials"
	"nodrop/report/analysis"
	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/sought"
)

// buildSearch completes the report of a search. Its verdict is that of the search:
// the trials whose checks failed are what led to the answer.
func (r *Report) buildSearch(rec *record.Recording, figures []analysis.Figures) {
	a := sought.Of(rec.Search, figures)
	r.Search = a
	v := Verdict{Outcome: check.Pass, Sentence: a.Sentence()}
	if a.Outcome != trials.Found {
		v.Outcome = check.Inconclusive
	}
	if rec.Error != "" {
		v.doubt(rec.Error)
	}
	if reason := a.Reason(); reason != "" {
		v.Reasons = append(v.Reasons, reason)
	}
	if a.Outcome == trials.Unclear || a.Outcome == trials.Unhealthy {
		last := r.judgeTrial(a.Last())
		v.Reasons = append(v.Reasons, last.Reasons...)
		v.hint(last.Hints...)
	}
	v.hint(a.Hint())
	if sure := a.Sure(); sure != "" {
		v.Beside = []string{sure}
	}
	r.Verdict = v
}

// judgeTrial is the verdict on the runs of one trial.
func (r *Report) judgeTrial(places []int) Verdict {
	var runs []RunReport
	var figures []analysis.Figures
	for _, place := range places {
		runs, figures = append(runs, r.Runs[place]), append(figures, r.Runs[place].Figures)
	}
	v, _ := judge("", runs, compare.Groups(figures))
	return v
}

// Telling lists the groups of runs that show why the answer of a search is what
// it is.
func (r *Report) Telling() []compare.Group {
	var list []compare.Group
	if r.Search.Telling == nil {
		return nil
	}
	for _, g := range r.Groups {
		if slices.Contains(r.Search.Telling.Places, g.Worst) {
			list = append(list, g)
		}
	}
	return list
}

// TellingRuns lists the runs of these groups.
func (r *Report) TellingRuns() []RunReport {
	var runs []RunReport
	for _, g := range r.Telling() {
		for _, place := range g.Places {
			runs = append(runs, r.Runs[place])
		}
	}
	return runs
}
