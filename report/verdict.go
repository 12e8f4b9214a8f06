package report

import (
	"slices"
	"strings"

	"nodrop/report/check"
	"nodrop/report/compare"
)

// Verdict is the outcome and why.
type Verdict struct {
	Outcome  check.Outcome
	Sentence string   // what happened, in one sentence
	Beside   []string // how the losses compare with those before the event
	Reasons  []string // what made it fail or inconclusive
	Hints    []string // what to change, if anything can be
}

// Text is the sentence and what is said beside it.
func (v *Verdict) Text() string {
	list := v.Beside
	if v.Sentence != "" {
		list = slices.Concat([]string{v.Sentence}, list)
	}
	return strings.Join(list, "; ")
}

// judge decides over all runs. A run that cannot be trusted, or that an error
// prevented, makes the verdict inconclusive. A check that failed on a trusted
// run makes it fail, which outweighs doubts about other runs.
func judge(unfinished string, runs []RunReport, list []compare.Group) (Verdict, []check.Result) {
	var v Verdict
	var checks []check.Result
	if unfinished != "" {
		v.doubt(unfinished)
	}
	if compare.Repeated(list) {
		for _, text := range compare.Missing(list) {
			v.doubt(text)
		}
	}
	for i := range runs {
		r := &runs[i]
		name := prefix(r.Run)
		doubts, hints := Distrust(&r.Figures, len(r.Run.FailIf) > 0)
		for _, d := range doubts {
			v.doubt(name + d)
		}
		v.hint(hints...)
		results := check.Run(&r.Figures)
		if v.weigh(name, results) && len(doubts) == 0 {
			v.Outcome = check.Fail
		} else if doubt, hint := Unseen(&r.Figures); doubt != "" {
			v.doubt(name + doubt)
			v.hint(hint)
		}
		checks = append(checks, results...)
	}
	if len(checks) > 0 && v.Outcome == check.None {
		v.Outcome = check.Pass
	}
	v.Sentence, v.Beside = sentence(list), besideBaselines(runs)
	return v, checks
}

// decide is for runs that are judged together: if one of them is in doubt already,
// the verdict stays inconclusive. Otherwise checks decide or, without any, byLoss.
func (v *Verdict) decide(results []check.Result, byLoss func()) {
	trusted := v.Outcome == check.None
	failed := v.weigh("", results)
	switch {
	case !trusted:
	case failed:
		v.Outcome = check.Fail
	case len(results) == 0:
		byLoss()
	case v.Outcome == check.None:
		v.Outcome = check.Pass
	}
}

// weigh adds the reasons of one run's checks. It reports whether a check failed
// and none was inconclusive.
func (v *Verdict) weigh(name string, results []check.Result) (failed bool) {
	decided := true
	for _, res := range results {
		switch res.Outcome {
		case check.Inconclusive:
			decided = false
			v.doubt(name + res.Reason)
		case check.Fail:
			failed = true
			v.Reasons = append(v.Reasons, name+res.Reason)
		default:
		}
	}
	return failed && decided
}

func (v *Verdict) doubt(reason string) {
	if v.Outcome != check.Fail {
		v.Outcome = check.Inconclusive
	}
	v.Reasons = append(v.Reasons, reason)
}

// join adds the verdict on one more part: fail outweighs inconclusive, and
// inconclusive outweighs pass.
func (v *Verdict) join(part *Verdict) {
	v.Beside = append(v.Beside, part.Beside...)
	v.Reasons = append(v.Reasons, part.Reasons...)
	v.hint(part.Hints...)
	if v.Outcome == check.None || part.Outcome == check.Fail || part.Outcome == check.Inconclusive && v.Outcome != check.Fail {
		v.Outcome = part.Outcome
	}
}

// hint adds the hints that are not in the list yet.
func (v *Verdict) hint(hints ...string) {
	for _, h := range hints {
		if h != "" && !slices.Contains(v.Hints, h) {
			v.Hints = append(v.Hints, h)
		}
	}
}
