package report

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/history"
	"nodrop/report/metric"
	"nodrop/report/phrase"
)

// enoughPast is how many past runs say what is usual. With fewer, p90 is their
// maximum, and one run in ten that is like them exceeds that.
const enoughPast = 10

// Remember reduces a recording to what a history needs of it. The recording must
// have runs.
func Remember(file string, rec *record.Recording) *history.Recording {
	r := Build(rec)
	h := &history.Recording{File: file, Verdict: r.Verdict.Outcome}
	for i := range r.Runs {
		run := &r.Runs[i]
		name := analysis.RunName(run.Run)
		if len(r.Runs) == 1 || name == run.Run.Variant {
			name = file
		} else {
			name = file + ", " + name
		}
		h.Runs = append(h.Runs, history.Run{
			ArmRun: compare.ArmRun{Name: name, Figures: history.Light(run.Figures)},
			Doubt:  firstDoubt(rec, run),
		})
	}
	return h
}

// firstDoubt says why a run proves nothing; "" if it counts.
func firstDoubt(rec *record.Recording, r *RunReport) string {
	if rec.Error != "" {
		return rec.Error
	}
	if doubts, _ := Distrust(&r.Figures, true); len(doubts) > 0 {
		return doubts[0]
	}
	for _, one := range check.Run(&r.Figures) {
		if one.Rule == check.Require && one.Outcome != check.Pass {
			return one.Reason
		}
	}
	return ""
}

// InHistory puts recordings of one scenario in a row and, if asked to, judges a
// new one. Every load of it gets all checks; without any, the rule is that it may
// not lose requests if none of the past runs did, nor more than each of them.
func InHistory(q history.Request, checks []string) (*Report, error) {
	h, err := history.Of(q)
	if err != nil {
		return nil, err
	}
	r := &Report{History: h}
	for _, l := range h.Loads {
		j := judgedLoad{Load: l}
		if l.New != nil {
			j.judge(checks)
		}
		r.Verdict.join(&j.verdict)
		for _, c := range l.Checks {
			r.Checks = append(r.Checks, c.Result)
		}
	}
	r.Verdict.Sentence = ofArms(armsOf(h))
	return r, nil
}

// armsOf lists what a history is about: of each load the new runs and, of a
// single one, the past ones that count.
func armsOf(h *history.History) []*compare.Arm {
	var arms []*compare.Arm
	for _, l := range h.Loads {
		var list []*compare.Arm
		if l.New != nil {
			list = append(list, &l.New.Arm)
		}
		if l.New == nil || len(h.Loads) == 1 {
			list = append(list, &compare.Arm{Name: "history", Runs: l.CountedPast()})
		}
		for _, a := range list {
			one := *a
			if l.Stream != "" {
				one.Name += "/" + l.Stream
			}
			if len(one.Runs) > 0 {
				arms = append(arms, &one)
			}
		}
	}
	return arms
}

// judgedLoad is the new runs of one load on their way to a verdict.
type judgedLoad struct {
	*history.Load
	verdict Verdict
}

// judge decides on the new runs. A single one that cannot be trusted makes the
// verdict inconclusive.
func (j *judgedLoad) judge(checks []string) {
	v := &j.verdict
	for _, doubt := range j.New.Doubts {
		v.doubt(j.New.File + ": " + doubt)
	}
	var results []check.Result
	for _, text := range checks {
		one := j.check(text)
		j.Checks = append(j.Checks, one)
		results = append(results, one.Result)
	}
	v.decide(results, j.byLoss)
	for _, run := range j.New.Arm.Runs {
		doubt, hint := Unseen(&run.Figures)
		if doubt != "" && v.Outcome == check.Pass {
			v.doubt(j.New.File + ": " + doubt)
			v.hint(hint)
		}
	}
	if j.Stream != "" {
		for i := range v.Reasons {
			v.Reasons[i] = j.Stream + ": " + v.Reasons[i]
		}
		for i := range j.Checks {
			if one := &j.Checks[i]; one.Reason != "" {
				one.Reason = j.Stream + ": " + one.Reason
			}
		}
	}
	j.Judged = history.Judged{Outcome: v.Outcome, Reasons: v.Reasons, Hints: v.Hints}
}

// byLoss is the rule without checks.
func (j *judgedLoad) byLoss() {
	lost, _ := metric.Find("lost")
	v, past := &j.verdict, compare.Arm{Runs: j.CountedPast()}
	next, before := j.New.Arm.Spread(lost), past.Spread(lost)
	runs := pastRuns(len(past.Runs))
	switch {
	case next.Max == 0:
		v.Outcome = check.Pass
	case len(past.Runs) == 0:
		v.doubt("no past run of this scenario says what is usual")
		v.hint("set a limit, such as --fail-if 'lost > 0'")
	case before.Max == 0:
		v.Outcome = check.Fail
		v.Reasons = append(v.Reasons, "new lost requests, and none of "+runs+" did")
	case len(past.Runs) < enoughPast:
		v.doubt(fmt.Sprintf("new lost %s; %s", lost.Dimension.Format(next.Max), tooFew(len(past.Runs), spanOf(before))))
		v.hint("set a limit, such as --fail-if 'lost > 100'")
	case next.Max > before.Max:
		v.Outcome = check.Fail
		v.Reasons = append(v.Reasons, fmt.Sprintf("new lost %s, more than any of %s (%s)", lost.Dimension.Format(next.Max), runs, spanOf(before)))
	default:
		v.doubt(fmt.Sprintf("new lost requests, but no more than some of %s (%s)", runs, spanOf(before)))
		v.hint("set a limit, such as --fail-if 'lost > p99(history)'")
	}
}

// check evaluates one check on each of the new runs.
func (j *judgedLoad) check(text string) history.Checked {
	asked, err := check.ParseHistoryCheck(text)
	switch {
	case err != nil:
		return history.Checked{Result: check.Result{Where: j.Stream, Rule: check.FailIf, Check: text, Outcome: check.Inconclusive, Reason: err.Error()}}
	case asked.Quantile == "":
		one := checkRuns(asked, &j.New.Arm)
		one.Where = j.Stream
		return history.Checked{Result: one}
	}
	return j.checkQuantile(asked)
}

// checkQuantile fails if a single new run meets a check against the past ones. It
// is inconclusive if those are too few, unless no past could make a difference.
func (j *judgedLoad) checkQuantile(asked check.Check) history.Checked {
	m, _ := metric.Find(asked.Metric)
	limit := asked.LimitOf(figuresOf(m, j.CountedPast()))
	c := history.Checked{Limit: limit, Result: check.Result{Where: j.Stream, Rule: check.FailIf, Check: asked.String(), Outcome: check.Inconclusive}}
	found := figuresOf(m, j.New.Arm.Runs)
	if slices.ContainsFunc(found, func(f metric.Figure) bool { return !f.Known }) {
		c.Reason = fmt.Sprintf("%s: %s has no value in this run", asked, asked.Metric)
		return c
	}
	never := !slices.ContainsFunc(found, func(f metric.Figure) bool { return !asked.Never(f) })
	failed := j.compareEach(&c.Result, asked, &limit, found)
	switch {
	case limit.Runs >= enoughPast:
		c.Met += "; " + limitText(asked, &limit)
	case never:
	case limit.Runs == 0:
		c.Reason = fmt.Sprintf("%s: %s, and no past run says what is usual", asked, c.Met)
	default:
		c.Reason = fmt.Sprintf("%s: %s; %s", asked, c.Met, tooFew(limit.Runs, limit.Range()))
	}
	switch {
	case c.Reason != "":
		j.verdict.hint("until there are enough, compare " + asked.Metric + " with a number")
	case failed:
		c.Outcome, c.Reason = check.Fail, fmt.Sprintf("%s: %s", asked, c.Met)
		if limit.Extreme != "" {
			j.Notes = append(j.Notes, howRare(len(found), &limit))
		}
	default:
		c.Outcome = check.Pass
	}
	return c
}

// compareEach compares the figures of the new runs with a limit, and describes
// them in the result: the first that meets the check or, if none does, all.
func (j *judgedLoad) compareEach(res *check.Result, asked check.Check, limit *check.Limit, found []metric.Figure) (failed bool) {
	n, first := 0, 0
	for i, f := range found {
		if limit.Runs == 0 || !asked.Exceeds(f, *limit) {
			continue
		}
		if n++; n == 1 {
			first = i
		}
	}
	res.Found = found[first]
	switch {
	case len(found) == 1:
		res.Met = fmt.Sprintf("%s %s", asked.Metric, res.Found)
	case n > 0:
		res.Met = fmt.Sprintf("%s %s in %s; failed in %d of %d runs", asked.Metric, res.Found, j.New.Arm.Runs[first].Name, n, len(found))
	default:
		res.Met = fmt.Sprintf("%s %s in %d runs", asked.Metric, metric.RangeOf(found), len(found))
	}
	return n > 0
}

func figuresOf(m metric.Metric, runs []compare.ArmRun) []metric.Figure {
	var list []metric.Figure
	for i := range runs {
		list = append(list, m.Of(&runs[i].Figures))
	}
	return list
}

// tooFew says that past runs do not say what is usual.
func tooFew(runs int, between string) string {
	return fmt.Sprintf("too few past runs to say what is usual: %d (%s), and it takes %d", runs, between, enoughPast)
}

// limitText says what a quantile of the past runs is: "p99 of 12 past runs is 12,
// their maximum".
func limitText(asked check.Check, l *check.Limit) string {
	text := fmt.Sprintf("%s of %s is %s", asked.Quantile, pastRuns(l.Runs), l.Figure)
	if l.Extreme != "" && asked.Quantile != "max" && asked.Quantile != "min" {
		text += ", their " + string(l.Extreme)
	}
	return text
}

// howRare says how often chance alone puts new runs beyond an extreme of the past
// ones: any of them all may be the most extreme one.
func howRare(runs int, past *check.Limit) string {
	if runs == 1 {
		return fmt.Sprintf("a run that is like the %d past ones is beyond their %s 1 time in %d", past.Runs, past.Extreme, past.Runs+1)
	}
	return fmt.Sprintf("of %d runs that are like the %d past ones, at least one is beyond their %s %d times in %d", runs, past.Runs, past.Extreme, runs, past.Runs+runs)
}

func pastRuns(n int) string { return phrase.Counted(int64(n), "past run", "past runs") }

// spanOf formats the range of counts, or the one there is.
func spanOf(s metric.Spread) string {
	if text := s.RangeText(metric.Count); text != "" {
		return text
	}
	return s.MedianText(metric.Count)
}
