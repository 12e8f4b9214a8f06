package report

import (
	"fmt"
	"slices"
	"strings"

	"nodrop/loadgen/record"
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

// Verdict is the outcome and why.
type Verdict struct {
	Outcome  Outcome
	Sentence string   // what happened, in one sentence
	Reasons  []string // what made it fail or inconclusive
	Hints    []string // what to change, where something can be
}

// judge decides over all runs. A run that cannot be trusted makes the verdict
// inconclusive; a check that failed on one that can makes it fail, and that
// outweighs doubts about other runs, and about those that an error kept from
// being made.
func judge(unfinished string, runs []RunReport, list []Group) (Verdict, []CheckResult) {
	var v Verdict
	var checks []CheckResult
	if unfinished != "" {
		v.doubt(unfinished)
	}
	if repeated(list) {
		for _, text := range missing(list) {
			v.doubt(text)
		}
	}
	for i := range runs {
		r := &runs[i]
		name := prefix(r.Run)
		doubts, hints := distrust(&r.Figures, len(r.Run.FailIf) > 0)
		for _, d := range doubts {
			v.doubt(name + d)
		}
		v.hint(hints...)
		results := checkRun(&r.Figures)
		if v.weigh(name, results) && len(doubts) == 0 {
			v.Outcome = Fail
		}
		checks = append(checks, results...)
	}
	if len(checks) > 0 && v.Outcome == None {
		v.Outcome = Pass
	}
	v.Sentence = sentence(list)
	return v, checks
}

// weigh adds the reasons of one run's checks, and says whether one of them
// failed while none was undecided.
func (v *Verdict) weigh(name string, results []CheckResult) (failed bool) {
	decided := true
	for _, res := range results {
		switch res.Outcome {
		case Inconclusive:
			decided = false
			v.doubt(name + res.Reason)
		case Fail:
			failed = true
			v.Reasons = append(v.Reasons, name+res.Reason)
		default:
		}
	}
	return failed && decided
}

func (v *Verdict) doubt(reason string) {
	if v.Outcome != Fail {
		v.Outcome = Inconclusive
	}
	v.Reasons = append(v.Reasons, reason)
}

// hint adds what is not said yet.
func (v *Verdict) hint(hints ...string) {
	for _, h := range hints {
		if h != "" && !slices.Contains(v.Hints, h) {
			v.Hints = append(v.Hints, h)
		}
	}
}

// distrust lists why a run proves nothing. A run that is asked nothing can only
// contradict itself; an event is owed by a scenario's runs alone, which expect
// or require something of it.
func distrust(r *Figures, asked bool) (doubts, hints []string) {
	if r.Loss.Identity != nil {
		doubts = append(doubts, "the counts contradict themselves: "+r.Loss.Identity.Error())
	}
	judged := len(r.Run.Expect)+len(r.Run.Require) > 0
	if !judged && !asked && !r.Loss.Event.Known {
		return doubts, nil
	}
	if n := r.Run.Counts.Spoiled; n > 0 {
		doubts = append(doubts, counted(n, "request", "requests")+" failed for reasons on this machine")
		hints = append(hints, r.Loss.spoiledRemedy())
	}
	if r.Run.Interrupted {
		doubts = append(doubts, "the run was interrupted")
	}
	e := r.Loss.Event
	switch {
	case e.Err != "":
		doubts = append(doubts, e.Err)
	case !e.Known && judged && !r.Run.Interrupted:
		doubts = append(doubts, "nothing was done to the target: no event was seen")
	case e.Known && !e.Inside() && !r.Run.Interrupted:
		doubts = append(doubts, fmt.Sprintf("the load was over %s before the event was: the last request started at %s, the event ended at %s",
			duration(e.End-e.LoadOver), duration(e.LoadOver), duration(e.End)))
		hints = append(hints, "--settle 1s keeps the load up until the event is over")
	}
	b := r.Loss.Baseline
	switch {
	case b.Known && b.Lost > 0:
		doubts = append(doubts, fmt.Sprintf("the baseline was not healthy: %s lost before anything was done", counted(b.Lost, "request was", "requests were")))
	case b.Known && b.OK == 0:
		doubts = append(doubts, "there is no baseline: no request was answered before the event")
	}
	return doubts, hints
}

func prefix(run *record.Run) string {
	if name := label(run); name != "" {
		return name + ": "
	}
	return ""
}

// sentence tells what each variant lost.
func sentence(list []Group) string {
	var parts []string
	for i := range list {
		if g := &list[i]; g.Name != "" {
			parts = append(parts, phrase(&g.Arm))
		}
	}
	return strings.Join(parts, "; ")
}

func lostPhrase(r *Figures) string {
	c := r.Run.Counts
	if c.Lost == 0 {
		return "lost none of " + counted(c.Started, "request", "requests")
	}
	var classes []string
	for _, l := range r.Loss.Classes {
		if !l.Spoiled {
			classes = append(classes, fmt.Sprintf("%d × %s", l.Total(), l.Class))
		}
	}
	return fmt.Sprintf("lost %d of %s (%s) within %s", c.Lost, counted(c.Started, "request", "requests"), strings.Join(classes, ", "), spanOf(r.Loss.Windows))
}

// spanOf is the time from the first window's begin to the last one's end.
func spanOf(w []Window) string {
	if len(w) == 0 {
		return duration(0) // the counts contradict themselves
	}
	return duration(w[len(w)-1].End - w[0].Begin)
}
