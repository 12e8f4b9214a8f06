package check

import (
	"fmt"

	"nodrop/report/analysis"
	"nodrop/report/metric"
)

// Outcome is the verdict in one word.
type Outcome string

// The outcomes. A plain load that was asked nothing has none.
const (
	None         Outcome = ""
	Pass         Outcome = "pass"
	Fail         Outcome = "fail"
	Inconclusive Outcome = "inconclusive"
)

// Rule says what a check is for.
type Rule string

// The rules.
const (
	FailIf  Rule = "fail-if" // fails the verdict when true
	Expect  Rule = "expect"  // fails it when false
	Require Rule = "require" // makes it inconclusive when false
)

// passing says, before the check, what a rule that passed asks for.
func (r Rule) passing() string {
	return map[Rule]string{FailIf: "fails if ", Expect: "expects ", Require: "requires "}[r]
}

// Result is one check on one run, or on the change between two arms.
type Result struct {
	Where   string // the run's variant or, of a comparison, the arm and its file; "" for a plain load
	Rule    Rule
	Check   string // as it was asked
	Met     string // the figure and what it was: "p99 312.0 ms"; "" when there is none
	Outcome Outcome
	Reason  string        // why it did not pass
	Found   metric.Figure // what Met says; not known when there is none, or it is a change
}

// Run evaluates all that a run was recorded with.
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
		res.Reason = fmt.Sprintf("%s: %s has no value here", check, check.Metric)
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
