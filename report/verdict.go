package report

import (
	"fmt"
	"slices"
	"strings"

	"nodrop/loadgen"
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
func judge(unfinished string, runs []RunReport) Verdict {
	var v Verdict
	if unfinished != "" {
		v.doubt(unfinished)
	}
	checked := false
	for _, r := range runs {
		name := prefix(r.Run)
		doubts, hints := distrust(r)
		for _, d := range doubts {
			v.doubt(name + d)
		}
		v.hint(hints...)
		checked = checked || len(r.Run.Expect)+len(r.Run.Require) > 0
		unmet := broken(r.Run, r.Run.Require)
		for _, text := range unmet {
			v.doubt(name + "required " + text)
		}
		failed := broken(r.Run, r.Run.Expect)
		for _, text := range failed {
			v.Reasons = append(v.Reasons, name+"expected "+text)
		}
		if len(failed) > 0 && len(doubts)+len(unmet) == 0 {
			v.Outcome = Fail
		}
	}
	if checked && v.Outcome == None {
		v.Outcome = Pass
	}
	v.Sentence = sentence(runs)
	return v
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

// distrust lists why a run proves nothing. A run without checks can only
// contradict itself.
func distrust(r RunReport) (doubts, hints []string) {
	if r.Loss.Identity != nil {
		doubts = append(doubts, "the counts contradict themselves: "+r.Loss.Identity.Error())
	}
	for _, text := range slices.Concat(r.Run.Expect, r.Run.Require) {
		if _, err := ParseCheck(text); err != nil {
			doubts = append(doubts, err.Error())
		}
	}
	if len(r.Run.Expect)+len(r.Run.Require) == 0 && !r.Loss.Event.Known {
		return doubts, nil
	}
	if n := r.Run.Counts.Spoiled; n > 0 {
		doubts = append(doubts, counted(n, "request", "requests")+" failed for reasons on this machine")
		hints = append(hints, r.spoiledRemedy())
	}
	if r.Run.Interrupted {
		doubts = append(doubts, "the run was interrupted")
	}
	e := r.Loss.Event
	switch {
	case e.Err != "":
		doubts = append(doubts, e.Err)
	case !e.Known && !r.Run.Interrupted:
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

func (r RunReport) spoiledRemedy() string {
	for _, c := range r.Loss.Classes {
		if c.Spoiled {
			return c.Class.Info().Remedy
		}
	}
	return ""
}

// broken lists the checks that do not hold, with the value that was met.
func broken(run *loadgen.Run, checks []string) []string {
	var list []string
	for _, text := range checks {
		check, err := ParseCheck(text)
		if err != nil {
			continue // a reason for distrust
		}
		if ok, _ := check.holds(run); !ok {
			list = append(list, fmt.Sprintf("%s, met %s", check, met(run, check.Metric)))
		}
	}
	return list
}

func met(run *loadgen.Run, metric string) string {
	for _, m := range metrics {
		if m.name == metric {
			return fmt.Sprintf("%s %.0f", metric, m.value(run))
		}
	}
	return ""
}

func prefix(run *loadgen.Run) string {
	if run.Variant == "" {
		return ""
	}
	return run.Variant + ": "
}

// sentence tells what each variant lost.
func sentence(runs []RunReport) string {
	var parts []string
	for _, r := range runs {
		if r.Run.Variant == "" {
			continue
		}
		parts = append(parts, r.Run.Variant+" "+lostPhrase(r))
	}
	return strings.Join(parts, "; ")
}

func lostPhrase(r RunReport) string {
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
