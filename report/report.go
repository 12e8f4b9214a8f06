// Package report turns a Recording into a Report.
//
// The pipeline: Build takes each run's figures from analysis and its findings
// from diagnosis, sets variants side by side with compare, evaluates the
// checks, and judges. Compare does the same for the arms of saved recordings,
// InHistory for a recording and those before it. A format only writes the
// result; Judge keeps the part of it that a program can act on. Nothing here
// reads a clock, the environment or a file, so the same recording always gives
// the same report.
package report

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/diagnosis"
	"nodrop/report/history"
	"nodrop/report/sought"
)

// Report is a Recording with everything computed from it.
type Report struct {
	Recording  *record.Recording
	Runs       []RunReport
	Groups     []compare.Group     // of Runs, by variant and stream
	Comparison *compare.Comparison // nil for fewer than two variants
	Changes    []*compare.Change   // of each variant from the first one, if there are repetitions
	Compared   []*Judged           // per stream of saved recordings; such a Report has no Runs and no Recording
	History    *history.History    // of recordings of one scenario; such a Report has no Runs and no Recording
	Search     *sought.Answer      // of a recording of a search; such a Report has no Comparison, no Changes and no Checks
	Checks     []check.Result
	Proof      *Proof // nil unless changes of the target were tried
	Verdict    Verdict
}

// RunReport is the part of a report about one run.
type RunReport struct {
	analysis.Figures
	Findings []diagnosis.Finding
}

// Build computes the Report of a recording.
func Build(rec *record.Recording) *Report {
	r := &Report{Recording: rec}
	var figures []analysis.Figures
	for _, run := range rec.Runs {
		f := analysis.Of(run)
		figures = append(figures, f)
		r.Runs = append(r.Runs, Diagnosed(f))
	}
	r.Groups = compare.Groups(figures)
	if rec.Search != nil {
		r.buildSearch(rec, figures)
		return r
	}
	r.Comparison = compare.SideBySide(r.Groups)
	r.Changes = compare.VariantChanges(r.Groups)
	r.Verdict, r.Checks = judge(rec.Error, r.Runs, r.Groups)
	if rec.Proof != nil {
		r.Proof = proofOf(rec, r.Runs)
		r.Verdict = r.Proof.Verdict()
	}
	return r
}

// Diagnosed adds the findings to the figures of a run.
func Diagnosed(f analysis.Figures) RunReport {
	return RunReport{f, diagnosis.ForTarget(f.Run, diagnosis.Of(f.Run, &f.Loss))}
}

// Recurrences lists the findings of all runs of a group.
func (r *Report) Recurrences(g *compare.Group) []diagnosis.Recurrence {
	var runs []diagnosis.Diagnosed
	for i, place := range g.Places {
		runs = append(runs, diagnosis.Diagnosed{Run: g.Arm.Runs[i].Name, Findings: r.Runs[place].Findings})
	}
	return diagnosis.Recurrences(runs)
}

// Passed describes, for a passing verdict, each check and the figure found.
func (r *Report) Passed() []string {
	if r.Verdict.Outcome != check.Pass {
		return nil
	}
	return check.Passed(r.Checks)
}
