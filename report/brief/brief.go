// Package brief computes the answer to what a reader asks first: what was lost,
// why, when, and what to change. It holds figures and findings; the formats put
// them into words.
package brief

import (
	"slices"

	"nodrop/report"
	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/diagnosis"
	"nodrop/report/metric"
)

// Brief is what a report says first or, of a plain load, last.
type Brief struct {
	// Unasked: requests were lost, and no check asked about that. The exit code
	// says nothing of it, unless the run was interrupted.
	Unasked bool
	Arms    []Arm
	Causes  []Cause // of losses: arm by arm, largest first
	Beside  []Cause // findings that explain no loss
	Advice  report.Advice
	Loads   []Load
	Zeros   []Zero // of the arms that lost nothing
}

// Arm is a variant, a load beside others, or one side of a comparison.
type Arm struct {
	Name                           string
	Runs, LostIn                   int // number of runs, and of those with losses
	Sent, Lost, Ratio, Outage, P99 metric.Spread
	Worst                          report.RunReport // the run that lost most
	Moments                        []Moment         // of that run
}

// Repeated reports whether an arm has several runs, so that figures are medians.
func (b *Brief) Repeated() bool {
	for i := range b.Arms {
		if b.Arms[i].Runs > 1 {
			return true
		}
	}
	return false
}

// Lost counts what all runs lost.
func (b *Brief) Lost() (lost, of int64) {
	for i := range b.Arms {
		for k := range b.Arms[i].Lost.Values {
			lost += int64(b.Arms[i].Lost.Values[k])
			of += int64(b.Arms[i].Sent.Values[k])
		}
	}
	return lost, of
}

// Of computes the brief of a report.
func Of(r *report.Report) *Brief {
	if len(r.Compared) > 0 {
		return ofCompared(r)
	}
	b := &Brief{Advice: r.Advice()}
	for i := range r.Groups {
		g := &r.Groups[i]
		var runs []report.RunReport
		for _, place := range g.Places {
			runs = append(runs, r.Runs[place])
		}
		name := g.Name
		if name == "" && len(g.Arm.Runs) > 1 {
			name = g.Arm.Name
		}
		b.add(name, &g.Arm, runs, r.Runs[g.Worst])
	}
	b.Loads = loadsOf(r.Runs)
	b.Zeros = zerosOf(b.Arms)
	lost, _ := b.Lost()
	b.Unasked = lost > 0 && r.Verdict.Outcome == check.None && !slices.ContainsFunc(r.Runs, func(run report.RunReport) bool { return run.Run.Interrupted })
	if r.Verdict.Outcome == check.Inconclusive {
		b.Beside = slices.DeleteFunc(b.Beside, func(c Cause) bool { return isReason[c.Code] })
	}
	return b
}

// isReason are findings that an inconclusive verdict gives as its reasons.
var isReason = map[diagnosis.Code]bool{diagnosis.LoadEndedEarly: true, diagnosis.OwnLimit: true, diagnosis.BodyShorter: true}

// ofCompared is Of for the arms of a comparison, stream by stream. What to
// change is for the new arm.
func ofCompared(r *report.Report) *Brief {
	b := &Brief{}
	var all, fresh []report.RunReport
	for _, c := range r.Compared {
		for _, arm := range []*compare.Arm{&c.Base, &c.New} {
			runs := diagnosed(arm)
			name := arm.Name
			if c.Stream != "" {
				name += "/" + c.Stream
			}
			b.add(name, arm, runs, worstOf(runs))
			all = append(all, runs...)
			if arm == &c.New {
				fresh = append(fresh, runs...)
			}
		}
	}
	b.Advice = report.AdviceOf(fresh)
	b.Loads = loadsOf(all)
	return b
}

func diagnosed(a *compare.Arm) []report.RunReport {
	var runs []report.RunReport
	for _, run := range a.Runs {
		runs = append(runs, report.Diagnosed(run.Figures))
	}
	return runs
}

func worstOf(runs []report.RunReport) report.RunReport {
	worst := runs[0]
	for _, run := range runs {
		if run.Run.Counts.Lost > worst.Run.Counts.Lost {
			worst = run
		}
	}
	return worst
}

// add adds an arm and its findings.
func (b *Brief) add(name string, a *compare.Arm, runs []report.RunReport, worst report.RunReport) {
	arm := Arm{Name: name, Runs: len(runs), LostIn: a.LostRuns(), Worst: worst, Moments: momentsOf(&worst)}
	for _, of := range []struct {
		metric string
		spread *metric.Spread
	}{{"started", &arm.Sent}, {"lost", &arm.Lost}, {"loss", &arm.Ratio}, {"window.total", &arm.Outage}, {"p99", &arm.P99}} {
		m, _ := metric.Find(of.metric)
		*of.spread = a.Spread(m)
	}
	b.Arms = append(b.Arms, arm)
	causes, beside := causesOf(name, a, runs)
	b.Causes, b.Beside = append(b.Causes, causes...), append(b.Beside, beside...)
}
