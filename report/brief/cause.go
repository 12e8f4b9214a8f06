package brief

import (
	"nodrop/report"
	"nodrop/report/compare"
	"nodrop/report/diagnosis"
	"nodrop/report/diagnosis/remedy"
)

// Cause is a finding in short.
type Cause struct {
	Arm         string
	Code        diagnosis.Code
	Title       string
	Confidence  diagnosis.Confidence
	Least, Most int64 // requests lost by it in a run
	Of          int64 // all that the run lost that lost most by it
	Runs, OfAll int   // number of runs with it, and of all

	remedies []diagnosis.Remedy // nil of repeated runs
}

// Change returns the index of the first advice that is about a cause; 0 if
// none is, or c is nil.
func (b *Brief) Change(c *Cause) int {
	if c == nil {
		return 0
	}
	for i, advised := range b.Advice.Remedies {
		for _, one := range c.remedies {
			if one.Where == advised.Where && remedy.Shape(one.Setting) == remedy.Shape(advised.Setting) {
				return i
			}
		}
	}
	return 0
}

// causesOf returns what explains losses of an arm, and what else was found.
func causesOf(name string, a *compare.Arm, runs []report.RunReport) (causes, beside []Cause) {
	var list []Cause
	if len(runs) == 1 {
		list = singleCauses(&runs[0])
	} else {
		list = repeatedCauses(a, runs)
	}
	for _, c := range list {
		c.Arm = name
		switch {
		case c.Most > 0:
			causes = append(causes, c)
		case saysNothing[c.Code]:
		default:
			beside = append(beside, c)
		}
	}
	return causes, beside
}

// saysNothing are findings about the report rather than about the target; the
// details or the verdict have what they say.
var saysNothing = map[diagnosis.Code]bool{diagnosis.EventNotSeen: true, diagnosis.DetailsIncomplete: true}

func singleCauses(r *report.RunReport) []Cause {
	var list []Cause
	for _, f := range r.Findings {
		list = append(list, Cause{Code: f.Code, Title: f.Title, Confidence: f.Confidence, Least: f.Lost, Most: f.Lost, Of: r.Run.Counts.Lost, Runs: 1, OfAll: 1, remedies: f.Remedies})
	}
	return list
}

func repeatedCauses(a *compare.Arm, runs []report.RunReport) []Cause {
	var of []diagnosis.Diagnosed
	lost := map[string]int64{}
	for i := range runs {
		of = append(of, diagnosis.Diagnosed{Run: a.Runs[i].Name, Findings: runs[i].Findings})
		lost[a.Runs[i].Name] = runs[i].Run.Counts.Lost
	}
	var list []Cause
	for _, r := range diagnosis.Recurrences(of) {
		list = append(list, Cause{Code: r.Code, Title: r.Title, Confidence: r.Confidence, Least: r.Least, Most: r.Most, Of: lost[r.In], Runs: r.Runs, OfAll: r.Of})
	}
	return list
}
