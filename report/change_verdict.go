package report

import (
	"fmt"
	"slices"

	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/metric"
)

// Judged is a change with its verdict.
type Judged struct {
	*compare.Change
	Checks  []check.Result
	Verdict Verdict
}

// Compare sets two arms side by side, stream by stream, and judges the change.
// Both arms must have the same streams. variant selects a variant; it may be ""
// if the recordings hold only one. Every stream gets all checks; without any,
// the rule is that new may not lose more than base.
func Compare(base, next []compare.Saved, variant string, checks []string) (*Report, error) {
	changes, err := compare.Changes(base, next, variant)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	for _, change := range changes {
		c := &Judged{Change: change}
		c.Verdict, c.Checks = c.judge(slices.Concat(base, next), checks)
		r.Compared = append(r.Compared, c)
		r.Checks = append(r.Checks, c.Checks...)
	}
	r.Verdict = together(r.Compared)
	return r, nil
}

// judge decides on the change. A single run that cannot be trusted makes it
// inconclusive: a comparison rests on all of its runs.
func (c *Judged) judge(saved []compare.Saved, checks []string) (Verdict, []check.Result) {
	var v Verdict
	for _, s := range saved {
		if s.Recording.Error != "" && !slices.Contains(v.Reasons, s.File+": "+s.Recording.Error) {
			v.doubt(s.File + ": " + s.Recording.Error)
		}
	}
	for _, run := range c.All() {
		doubts, hints := Distrust(&run.Figures, true)
		for _, d := range doubts {
			if reason := run.Name + ": " + d; !slices.Contains(v.Reasons, reason) {
				v.doubt(reason)
			}
		}
		v.hint(hints...)
	}
	v.Sentence = c.within(ofArms([]*compare.Arm{&c.Base, &c.New}))
	var results []check.Result
	for _, text := range checks {
		results = append(results, c.check(text))
	}
	v.decide(results, func() { c.byLoss(&v) })
	if v.Outcome == check.Pass {
		c.doubtUnseen(&v)
	}
	for i, reason := range v.Reasons {
		v.Reasons[i] = c.within(reason)
	}
	for i, text := range v.Beside {
		v.Beside[i] = c.within(text)
	}
	for i := range results {
		if results[i].Reason != "" {
			results[i].Reason = c.within(results[i].Reason)
		}
		if c.Stream != "" {
			results[i].Where += " " + c.Stream
		}
	}
	return v, results
}

// doubtUnseen makes the verdict inconclusive if a run may have lost more than it
// counts.
func (c *Judged) doubtUnseen(v *Verdict) {
	for _, run := range c.All() {
		if doubt, hint := Unseen(&run.Figures); doubt != "" {
			v.doubt(run.Name + ": " + doubt)
			v.hint(hint)
		}
	}
}

// within puts the name of the stream before a text.
func (c *Judged) within(text string) string {
	if c.Stream == "" {
		return text
	}
	return c.Stream + ": " + text
}

// together combines the verdicts of all streams.
func together(streams []*Judged) Verdict {
	var all Verdict
	var arms []*compare.Arm
	for _, c := range streams {
		arms = append(arms, c.named(&c.Base), c.named(&c.New))
		all.join(&c.Verdict)
	}
	all.Sentence = ofArms(arms)
	return all
}

// named returns an arm that bears the name of the stream, too.
func (c *Judged) named(a *compare.Arm) *compare.Arm {
	one := *a
	if c.Stream != "" {
		one.Name += "/" + c.Stream
	}
	return &one
}

// byLoss is the rule without checks: new may not lose requests if base lost
// none, nor more than base.
func (c *Judged) byLoss(v *Verdict) {
	lost := c.Row("lost", "")
	switch {
	case c.New.LostRuns() == 0:
		v.Outcome = check.Pass
	case c.Base.LostRuns() == 0:
		v.Outcome = check.Fail
		v.Reasons = append(v.Reasons, "new lost requests and base did not")
	case !c.Repeated:
		v.doubt("both arms lost requests: with one run of each, the difference may be chance")
		v.hint("set a limit, such as --fail-if 'lost > +10%', or compare several runs of each")
	case lost.Significant && lost.Direction > 0:
		v.Outcome = check.Fail
		v.Reasons = append(v.Reasons, fmt.Sprintf("new lost more than base: %s, p = %s", lost.Medians(), compare.PValue(lost.P)))
	case lost.Significant:
		v.Outcome = check.Pass
		v.Beside = append(v.Beside, fmt.Sprintf("new lost fewer: %s, p = %s", lost.Medians(), compare.PValue(lost.P)))
	case c.Weak():
		v.doubt(fmt.Sprintf("both arms lost requests, and %d + %d runs are too few to tell a difference from chance: %s", len(c.Base.Runs), len(c.New.Runs), lost.Medians()))
		v.hint("set a limit, such as --fail-if 'lost > +10%', or compare more runs of each")
	default:
		v.doubt(fmt.Sprintf("both arms lost requests, and the difference may be chance: %s, p = %s", lost.Medians(), compare.PValue(lost.P)))
		v.hint("set a limit, such as --fail-if 'lost > +10%', or compare more runs of each")
	}
}

// check evaluates one check: a change on the medians of both arms, any other on
// each run of new.
func (c *Judged) check(text string) check.Result {
	asked, err := check.ParseChangeCheck(text)
	switch {
	case err != nil:
		return check.Result{Where: c.New.Name, Rule: check.FailIf, Check: text, Outcome: check.Inconclusive, Reason: err.Error()}
	case asked.Relative:
		return c.checkChange(asked)
	}
	return checkRuns(asked, &c.New)
}

func (c *Judged) checkChange(asked check.Check) check.Result {
	row := c.Row(asked.Metric, "")
	res := check.Result{Where: c.New.Name, Rule: check.FailIf, Check: asked.String(), Outcome: check.Inconclusive}
	switch {
	case !row.Base.Known || !row.New.Known:
		res.Reason = fmt.Sprintf("%s: not every run has a %s", asked, asked.Metric)
		return res
	case !row.ChangeKnown:
		res.Reason = fmt.Sprintf("%s: base is 0 and new is %s: there is no percentage change from 0", asked, row.Dimension.Format(row.New.Median))
		return res
	}
	res.Met = fmt.Sprintf("%s %s (%s)", asked.Metric, compare.SignedPercent(row.Change), row.Medians())
	if row.Tested && !row.Weak {
		res.Met += ", p = " + compare.PValue(row.P)
	}
	// Multiply first, so that 110 against 100 is exactly 10 %.
	base := row.Base.Median
	if base == 0 {
		base = 1
	}
	res.Outcome = check.Pass
	if !check.Operator(asked.Op)((row.New.Median-row.Base.Median)*100/base, asked.Value) {
		return res
	}
	res.Outcome, res.Reason = check.Fail, fmt.Sprintf("%s: %s", asked, res.Met)
	// The check is one question, asked in advance, so its p is not adjusted.
	if row.Tested && row.P >= c.Level() {
		res.Outcome = check.Inconclusive
		res.Reason += ": chance alone may explain it"
	}
	return res
}

// checkRuns fails if a single run of new meets the check.
func checkRuns(asked check.Check, next *compare.Arm) check.Result {
	res := check.Result{Where: next.Name, Rule: check.FailIf, Check: asked.String(), Outcome: check.Pass}
	failed, first, undecided := 0, "", ""
	var found []metric.Figure
	for _, run := range next.Runs {
		one := check.One(check.FailIf, asked.String(), &run.Figures)
		found = append(found, one.Found)
		switch one.Outcome {
		case check.Fail:
			if failed++; failed == 1 {
				first, res.Met, res.Found = run.Name, one.Met, one.Found
			}
		case check.Inconclusive:
			undecided = one.Reason
		default:
			if failed == 0 {
				res.Met, res.Found = one.Met, one.Found
			}
		}
	}
	switch {
	case failed > 0 && len(next.Runs) > 1:
		res.Outcome = check.Fail
		res.Reason = fmt.Sprintf("%s: %s in %s; failed in %d of %d runs", asked, res.Met, first, failed, len(next.Runs))
	case failed > 0:
		res.Outcome, res.Reason = check.Fail, fmt.Sprintf("%s: %s", asked, res.Met)
	case undecided != "":
		res.Outcome, res.Reason = check.Inconclusive, undecided
	case len(found) > 1:
		res.Met = fmt.Sprintf("%s %s in %d runs", asked.Metric, metric.RangeOf(found), len(found))
	}
	return res
}
