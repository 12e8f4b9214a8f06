package check

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/metric"
)

// Outcome is the verdict in one word.
type Outcome = record.Verdict

// The outcomes. A plain load without checks has None.
const (
	None         = record.Undecided
	Pass         = record.Pass
	Fail         = record.Fail
	Inconclusive = record.Inconclusive
)

// Rule says what the outcome of a check means.
type Rule string

// The rules.
const (
	FailIf  Rule = "fail-if" // the verdict fails if the check is true
	Expect  Rule = "expect"  // the verdict fails if the check is false
	Require Rule = "require" // the verdict is inconclusive if the check is false
)

// passing returns the words before a passed check that say what its rule
// requires.
func (r Rule) passing() string {
	return map[Rule]string{FailIf: "fails if ", Expect: "expects ", Require: "requires "}[r]
}

// Result is one check on one run, or on the change between two arms.
type Result struct {
	Where   string // the run's variant; in a comparison, the arm and its file; "" for a plain load
	Rule    Rule
	Check   string // as the user wrote it
	Met     string // the figure found, such as "p99 312.0 ms"; "" if there is none
	Outcome Outcome
	Reason  string        // why the check did not pass
	Found   metric.Figure // the figure in Met; not known if there is none, or if it is a change
}

// Run evaluates all checks that the recording of a run holds.
func Run(r *analysis.Figures) []Result {
	var list []Result
	for _, of := range []struct {
		rule   Rule
		checks []string
	}{{Require, r.Run.Require}, {Expect, r.Run.Expect}, {FailIf, r.Run.FailIf}} {
		for _, text := range of.checks {
			list = append(list, One(of.rule, text, r))
		}
	}
	return list
}

// One evaluates a check on one run. A check that cannot be read is inconclusive.
func One(rule Rule, text string, r *analysis.Figures) Result {
	res := Result{Where: analysis.RunName(r.Run), Rule: rule, Check: text, Outcome: Inconclusive}
	check, err := ParseCheck(text)
	if err != nil {
		res.Reason = err.Error()
		return res
	}
	res.Check = check.String()
	holds, f := check.on(r)
	if !f.Known {
		res.Reason = fmt.Sprintf("%s: %s has no value in this run", check, check.Metric)
		return res
	}
	res.Met, res.Found = check.Metric+" "+f.String(), f
	switch {
	case rule == FailIf && holds:
		res.Outcome, res.Reason = Fail, fmt.Sprintf("%s: %s", check, res.Met)
	case rule == Expect && !holds:
		res.Outcome, res.Reason = Fail, fmt.Sprintf("expected %s: %s", check, res.Met)
	case rule == Require && !holds:
		res.Reason = fmt.Sprintf("required %s: %s", check, res.Met)
	default:
		res.Outcome = Pass
	}
	return res
}
