package analysis

import (
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis/baseline"
)

// compare compares the classes of losses before anything can have happened to
// the target with those from then on.
func (b *Baseline) compare(run *record.Run, l *Loss) {
	if !b.Known {
		return
	}
	b.Untouched = untouched(l)
	b.Classes = baseline.Compare(&run.Bins, b.Untouched)
}

// untouched returns the time before which no marked event can have caused a
// loss, in ns. What a step causes comes after the step begins; marks of
// unrequested exits may be late.
func untouched(l *Loss) int64 {
	from := l.Baseline.Until
	for i := range l.Crashes {
		from = min(from, l.Crashes[i].From-Near)
	}
	for i := range l.Lifecycles {
		one := &l.Lifecycles[i]
		if begin := one.Begin(); !l.Event.Known || begin < l.Event.Begin {
			from = min(from, begin-Near)
		}
		if exit := one.ExitUnasked(); exit != Unknown {
			from = min(from, exit-Near)
		}
	}
	return from
}

// Class returns how frequent a class of losses was before and after; nil if
// nothing was lost before, or the class never.
func (b *Baseline) Class(class record.Class) *baseline.Class {
	i := slices.IndexFunc(b.Classes, func(c baseline.Class) bool { return c.Class == class })
	if i < 0 {
		return nil
	}
	return &b.Classes[i]
}

// Added counts the losses that the event added.
func (b *Baseline) Added() int64 {
	var n int64
	for _, c := range b.Classes {
		n += c.Added
	}
	return n
}
