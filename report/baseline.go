package report

import (
	"maps"
	"slices"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/analysis/baseline"
	"nodrop/report/check"
	"nodrop/report/phrase"
)

const (
	maxRates    = 3 // classes whose rates a sentence names
	maxBaseline = 3 // runs of which it names them
)

// tainted reports whether losses before the event can have decided about a run:
// some checks come out differently without them and their like, or it is not
// known which losses the event added.
func tainted(r *analysis.Figures) bool {
	b := &r.Loss.Baseline
	if !b.Known || b.Lost == 0 {
		return false
	}
	known := b.Added() > 0 || len(b.Classes) > 0 && !slices.ContainsFunc(b.Classes, func(c baseline.Class) bool { return c.Outcome != baseline.Steady })
	checks := check.Run(r)
	if !known || len(checks) == 0 {
		return true
	}
	added := onlyAdded(r)
	for i, without := range check.Run(&added) {
		if without.Outcome != checks[i].Outcome {
			return true
		}
	}
	return false
}

// onlyAdded returns the figures of a run as if it had lost only what the event
// added, and the other requests had been ok.
func onlyAdded(r *analysis.Figures) analysis.Figures {
	only, run := *r, *r.Run
	only.Run, run.Statuses = &run, maps.Clone(run.Statuses)
	only.Loss.Classes, run.Counts.Lost = nil, 0
	for _, c := range r.Loss.Classes {
		if c.Spoiled {
			only.Loss.Classes = append(only.Loss.Classes, c)
			continue
		}
		added := addedOf(r, c.Class)
		if status := c.Class.Status(); run.Statuses[status] > 0 {
			run.Statuses[status] -= c.Total() - added
		}
		if added > 0 {
			only.Loss.Classes = append(only.Loss.Classes, analysis.ClassLoss{Class: c.Class, Fresh: added, Sample: c.Sample})
		}
		run.Counts.Lost += added
	}
	run.Counts.OK += r.Run.Counts.Lost - run.Counts.Lost
	only.Loss.Windows, only.Loss.Time = analysis.WindowsSince(r.Run, r.Loss.Gap, r.Loss.Baseline.Untouched, func(class record.Class) bool { return addedOf(r, class) > 0 }), 0
	for _, w := range only.Loss.Windows {
		only.Loss.Time += w.End - w.Begin
	}
	return only
}

// addedOf returns how many losses of a class the event added.
func addedOf(r *analysis.Figures, class record.Class) int64 {
	if c := r.Loss.Baseline.Class(class); c != nil {
		return c.Added
	}
	return 0
}

// besideBaseline says what an event added to a target that failed before it; ""
// if it failed too little to tell, or not at all.
func besideBaseline(r *analysis.Figures) string {
	b := &r.Loss.Baseline
	var rates, added []string
	steady, unsure, what := false, false, "the event"
	if !r.Loss.Event.Known {
		what = "the first mark"
	}
	for i := range b.Classes {
		c := &b.Classes[i]
		steady, unsure = steady || c.Outcome == baseline.Steady, unsure || c.Outcome == baseline.Unknown || c.Outcome == baseline.Steady && !c.Sure
		if c.Outcome != baseline.Unknown && c.Before.Lost > 0 {
			rates = append(rates, phrase.Rates(c, what))
		}
		if c.Added > 0 {
			added = append(added, phrase.Number(c.Added)+" × "+c.Class.String())
		}
	}
	if more := len(rates) - maxRates; more > 0 {
		rates = append(rates[:maxRates], phrase.Counted(int64(more), "more class", "more classes")+" before it")
	}
	switch {
	case len(added) > 0:
		rates = append(rates, what+" added "+strings.Join(added, ", "))
	case steady && unsure:
		rates = append(rates, "nothing shows that "+what+" added any")
	case steady:
		rates = append(rates, what+" added no losses")
	}
	return strings.Join(rates, "; ")
}

// besideBaselines says it of the first runs, with their names.
func besideBaselines(runs []RunReport) []string {
	var list []string
	for i := range runs {
		if text := besideBaseline(&runs[i].Figures); text != "" && len(list) < maxBaseline {
			list = append(list, prefix(runs[i].Run)+text)
		}
	}
	return list
}
