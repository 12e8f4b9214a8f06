package report

import (
	"fmt"
	"slices"
	"strings"
)

// Judged is a change with what was decided on it.
type Judged struct {
	*Change
	Checks  []CheckResult
	Verdict Verdict
}

// Compare sets two arms side by side, stream by stream, and judges the change.
// variant chooses among those that recordings hold; "" is for recordings of one.
// The checks take the place of the rule that new may not lose more than base;
// each stream is asked all of them. Both arms must have the same streams.
func Compare(base, next []Saved, variant string, checks []string) (*Report, error) {
	changes, err := changesOf(base, next, variant)
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

// judge decides on the change. Anything that keeps a run from being trusted
// makes it inconclusive: a comparison rests on all of its runs.
func (c *Judged) judge(saved []Saved, checks []string) (Verdict, []CheckResult) {
	var v Verdict
	for _, s := range saved {
		if s.Recording.Error != "" && !slices.Contains(v.Reasons, s.File+": "+s.Recording.Error) {
			v.doubt(s.File + ": " + s.Recording.Error)
		}
	}
	for _, run := range c.all() {
		doubts, hints := distrust(&run.Figures, true)
		for _, d := range doubts {
			if reason := run.Name + ": " + d; !slices.Contains(v.Reasons, reason) {
				v.doubt(reason)
			}
		}
		v.hint(hints...)
	}
	trusted := v.Outcome == None
	v.Sentence = c.within(armPhrase(&c.Base) + "; " + armPhrase(&c.New))
	var results []CheckResult
	for _, text := range checks {
		results = append(results, c.check(text))
	}
	failed := v.weigh("", results)
	switch {
	case !trusted:
	case failed:
		v.Outcome = Fail
	case len(checks) == 0:
		c.byLoss(&v)
	case v.Outcome == None:
		v.Outcome = Pass
	}
	for i, reason := range v.Reasons {
		v.Reasons[i] = c.within(reason)
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

// Within says of a text which stream it is about.
func (c *Judged) within(text string) string {
	if c.Stream == "" {
		return text
	}
	return c.Stream + ": " + text
}

// together is the verdict of all streams: one that fails outweighs one that is
// inconclusive, and that one that passes.
func together(streams []*Judged) Verdict {
	var all Verdict
	var sentences []string
	for _, c := range streams {
		v := &c.Verdict
		sentences = append(sentences, v.Sentence)
		all.Reasons = append(all.Reasons, v.Reasons...)
		all.hint(v.Hints...)
		if all.Outcome == None || v.Outcome == Fail || v.Outcome == Inconclusive && all.Outcome != Fail {
			all.Outcome = v.Outcome
		}
	}
	all.Sentence = strings.Join(sentences, "; ")
	return all
}

// byLoss is the rule where no check is given: new may not lose requests if base
// did not, nor more than base did.
func (c *Judged) byLoss(v *Verdict) {
	lost := c.row("lost", "")
	switch {
	case c.New.lostRuns() == 0:
		v.Outcome = Pass
	case c.Base.lostRuns() == 0:
		v.Outcome = Fail
		v.Reasons = append(v.Reasons, "new lost requests, base did not")
	case !c.Repeated:
		v.doubt("both lost requests: one run of each cannot tell how much of the difference is chance")
		v.hint("say what is too much, such as --fail-if 'lost > +10%', or compare several runs of each")
	case lost.Significant && lost.Direction > 0:
		v.Outcome = Fail
		v.Reasons = append(v.Reasons, fmt.Sprintf("new lost more than base: %s, p = %s", lost.medians(), pValue(lost.P)))
	case lost.Significant:
		v.Outcome = Pass
		v.Sentence += fmt.Sprintf("; that is less: %s, p = %s", lost.medians(), pValue(lost.P))
	default:
		v.doubt(fmt.Sprintf("both lost requests, and which lost more cannot be told: %s, p = %s", lost.medians(), pValue(lost.P)))
		v.hint("say what is too much, such as --fail-if 'lost > +10%', or compare more runs of each")
	}
}

// check evaluates one check: a change on the medians of both arms, anything
// else on each run of new.
func (c *Judged) check(text string) CheckResult {
	check, err := ParseChangeCheck(text)
	switch {
	case err != nil:
		return CheckResult{Where: c.New.Name, Rule: FailIf, Check: text, Outcome: Inconclusive, Reason: err.Error()}
	case check.Relative:
		return c.checkChange(check)
	}
	return c.checkRuns(check)
}

func (c *Judged) checkChange(check Check) CheckResult {
	row := c.row(check.Metric, "")
	res := CheckResult{Where: c.New.Name, Rule: FailIf, Check: check.String(), Outcome: Inconclusive}
	switch {
	case !row.Base.Known || !row.New.Known:
		res.Reason = fmt.Sprintf("%s: not every run has a %s", check, check.Metric)
		return res
	case !row.ChangeKnown:
		res.Reason = fmt.Sprintf("%s: base is 0, and new %s: no percentage tells such a change", check, row.Dimension.format(row.New.Median))
		return res
	}
	res.Met = fmt.Sprintf("%s %s (%s)", check.Metric, signedPercent(row.Change), row.medians())
	if row.Tested {
		res.Met += ", p = " + pValue(row.P)
	}
	// The product first: 110 against 100 is 10 % to the last digit.
	base := row.Base.Median
	if base == 0 {
		base = 1
	}
	res.Outcome = Pass
	if !operator(check.Op)((row.New.Median-row.Base.Median)*100/base, check.Value) {
		return res
	}
	res.Outcome, res.Reason = Fail, fmt.Sprintf("%s: %s", check, res.Met)
	// One question, asked beforehand: its own p decides, unadjusted.
	if row.Tested && row.P >= c.level() {
		res.Outcome = Inconclusive
		res.Reason += ": chance alone may explain it"
	}
	return res
}

// checkRuns: one run of new that meets the check is enough.
func (c *Judged) checkRuns(check Check) CheckResult {
	res := CheckResult{Where: c.New.Name, Rule: FailIf, Check: check.String(), Outcome: Pass}
	failed, first, undecided := 0, "", ""
	var found []Figure
	for _, run := range c.New.Runs {
		one := checkOne(FailIf, check.String(), &run.Figures)
		found = append(found, one.Found)
		switch one.Outcome {
		case Fail:
			if failed++; failed == 1 {
				first, res.Met, res.Found = run.Name, one.Met, one.Found
			}
		case Inconclusive:
			undecided = one.Reason
		default:
			if failed == 0 {
				res.Met, res.Found = one.Met, one.Found
			}
		}
	}
	switch {
	case failed > 0 && len(c.New.Runs) > 1:
		res.Outcome = Fail
		res.Reason = fmt.Sprintf("%s: %s in %s, and so in %d of %d runs", check, res.Met, first, failed, len(c.New.Runs))
	case failed > 0:
		res.Outcome, res.Reason = Fail, fmt.Sprintf("%s: %s", check, res.Met)
	case undecided != "":
		res.Outcome, res.Reason = Inconclusive, undecided
	case len(found) > 1:
		res.Met = fmt.Sprintf("%s %s in %d runs", check.Metric, rangeOf(found), len(found))
	}
	return res
}
