// Package sought answers what a search looked for: the smallest value of a
// setting with which nothing is lost, how sure that is, and why smaller ones are
// not enough.
//
// The pipeline: the trials of a recording and the figures of their runs → what
// each value lost → an Answer, in sentences and as a table. It judges nothing
// that the search did not judge.
package sought

import (
	"cmp"
	"math"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/trials"
	"nodrop/report/analysis"
)

// Answer is what a search has found.
type Answer struct {
	*trials.Search
	Values []Value // that were tried, the least first
	// Telling is the value whose losses show why a smaller one is not enough, or
	// why none was found; nil if none lost.
	Telling *Value
	runs    []analysis.Figures
}

// Value is what the runs with one value show.
type Value struct {
	Value int64
	Trials,
	LostIn,
	Unclear int // trials; those that failed; those that prove nothing
	Confirmed Confirmed
	Lost      Span // requests, of the trials that failed
	Exposed   Span // requests, of all trials
	Places    []int
}

// Confirmed is what the confirmation of a value, or of the one above it, shows.
type Confirmed struct {
	Trials, LostIn int
	Lost           Span
	Exposed        Span
}

// Span is the least and the most of a number.
type Span struct {
	Least, Most int64
	known       bool
}

func (s *Span) add(n int64) {
	if !s.known {
		*s = Span{n, n, true}
	}
	s.Least, s.Most = min(s.Least, n), max(s.Most, n)
}

// Of returns the answer of a search from the figures of its recording's runs.
func Of(search *trials.Search, runs []analysis.Figures) *Answer {
	a := &Answer{Search: search, runs: runs}
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
	lost, exposed := a.Counts(t)
	v.Places = append(v.Places, t.Runs...)
	v.Trials++
	v.Exposed.add(exposed)
	confirms := t.Part == trials.Confirm
	if confirms {
		v.Confirmed.Trials++
		v.Confirmed.Exposed.add(exposed)
	}
	switch record.Verdict(t.Verdict) {
	case record.Fail:
		v.LostIn++
		v.Lost.add(lost)
		if confirms {
			v.Confirmed.LostIn++
			v.Confirmed.Lost.add(lost)
		}
	case record.Pass:
	default:
		v.Unclear++
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
// lost.
func (a *Answer) telling() *Value {
	if a.Outcome == trials.Found {
		return a.At(a.Value - a.Range.Step)
	}
	if v := a.At(a.Value); v != nil && v.LostIn > 0 {
		return v
	}
	for i := range slices.Backward(a.Values) {
		if a.Values[i].LostIn > 0 {
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

// Bound is the share of runs that may lose although none of n did: what is missed
// 1 time in 20, as 1 in how many runs. It is 1 if even every second run may.
func Bound(n int) int { return int(1 / (1 - math.Pow(0.05, 1/float64(n)))) }
