// Package sought answers what a search looked for: the smallest value of a
// setting with which the checks hold, as a rule that nothing is lost, how sure
// that is, and why smaller ones are not enough.
//
// The pipeline: the trials of a recording and the figures of their runs → what
// each value lost → an Answer, in sentences and as a table. It judges nothing
// that the search did not judge. A trial that proves nothing counts nowhere: it
// confirms no value, and neither its losses nor its requests are shown.
package sought

import (
	"cmp"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/trials"
	"nodrop/report/analysis"
)

// Answer is what a search has found.
type Answer struct {
	*trials.Search
	Values []Value // that were tried, the least first
	// Telling is the value whose failures show why a smaller one is not enough, or
	// why none was found; nil if none failed.
	Telling *Value
	// ByLoss: each trial that passed lost nothing, and each that failed lost
	// requests. Otherwise the checks are about more than that, or allow some loss.
	ByLoss bool
	runs   []analysis.Figures
}

// Value is what the runs with one value show.
type Value struct {
	Value     int64
	Tally           // of all its trials
	Confirmed Tally // of those that confirm it, or the value above it
	Unclear   int   // further trials, which prove nothing
	Places    []int
}

// Tally counts the trials that passed and failed.
type Tally struct {
	Passed, Failed int
	Allowed        Span // requests that each of those that passed lost
	Lost           Span // requests that each of those that failed lost
	Exposed        Span // requests, in all of them
}

// Trials is how many prove something.
func (t *Tally) Trials() int { return t.Passed + t.Failed }

func (t *Tally) add(verdict record.Verdict, lost, exposed int64) {
	if verdict == record.Pass {
		t.Passed++
		t.Allowed.add(lost)
	} else {
		t.Failed++
		t.Lost.add(lost)
	}
	t.Exposed.add(exposed)
}

// Span is the least and the most of a number.
type Span struct {
	Least, Most int64
	known       bool
}

// with is the span of both.
func (s Span) with(other Span) Span {
	if other.known {
		s.add(other.Least)
		s.add(other.Most)
	}
	return s
}

func (s *Span) add(n int64) {
	if !s.known {
		*s = Span{n, n, true}
	}
	s.Least, s.Most = min(s.Least, n), max(s.Most, n)
}

// Of returns the answer of a search from the figures of its recording's runs.
func Of(search *trials.Search, runs []analysis.Figures) *Answer {
	a := &Answer{Search: search, ByLoss: true, runs: runs}
	for i := range search.Trials {
		a.add(&search.Trials[i])
	}
	slices.SortFunc(a.Values, func(x, y Value) int { return cmp.Compare(x.Value, y.Value) })
	a.Telling = a.telling()
	return a
}

func (a *Answer) add(t *trials.Trial) {
	v := a.At(t.Value)
	if v == nil {
		a.Values = append(a.Values, Value{Value: t.Value})
		v = &a.Values[len(a.Values)-1]
	}
	v.Places = append(v.Places, t.Runs...)
	verdict := record.Verdict(t.Verdict)
	if verdict != record.Pass && verdict != record.Fail {
		v.Unclear++
		return
	}
	lost, exposed := a.Counts(t)
	a.ByLoss = a.ByLoss && (verdict == record.Pass) == (lost == 0)
	v.add(verdict, lost, exposed)
	if t.Part == trials.Confirm {
		v.Confirmed.add(verdict, lost, exposed)
	}
}

// Counts returns what a trial lost and exposed, over all its loads.
func (a *Answer) Counts(t *trials.Trial) (lost, exposed int64) {
	for _, place := range t.Runs {
		lost += a.runs[place].Run.Counts.Lost
		exposed += a.runs[place].Exposed()
	}
	return lost, exposed
}

// At returns what is known of a value; nil if it was not tried.
func (a *Answer) At(value int64) *Value {
	i := slices.IndexFunc(a.Values, func(v Value) bool { return v.Value == value })
	if i < 0 {
		return nil
	}
	return &a.Values[i]
}

// telling prefers the value one step below the one found, then the largest that
// failed.
func (a *Answer) telling() *Value {
	if a.Outcome == trials.Found {
		return a.At(a.Value - a.Range.Step)
	}
	if v := a.At(a.Value); v != nil && v.Failed > 0 {
		return v
	}
	for i := range slices.Backward(a.Values) {
		if a.Values[i].Failed > 0 {
			return &a.Values[i]
		}
	}
	return nil
}

// Last returns the places of the runs of the last trial.
func (a *Answer) Last() []int {
	if len(a.Trials) == 0 {
		return nil
	}
	return a.Trials[len(a.Trials)-1].Runs
}

// Bound is the share of runs that may fail although none of n did: what is missed
// 1 time in 20, as 1 in how many runs. It is 1 if even every second run may.
func Bound(n int) int { return int(1 / analysis.BoundOfNone(int64(n))) }
