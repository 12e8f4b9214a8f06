package analysis

import (
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis/baseline"
)

// Event is what a scenario did to the target, from its first step to the last
// mark that it caused.
type Event struct {
	Known      bool
	Begin, End int64  // ns
	LoadOver   int64  // when the last request started, ns
	Err        string // of the first step that failed or child that crashed
	// Seen reports whether any mark names an endpoint. If none does, End is the
	// end of the steps, and their effects may have lasted longer.
	Seen bool
	// Pause is the longest time from the last step, or a mark after it, to the next
	// mark, or between two starts of requests during the event, in ns.
	Pause int64
	// Open reports whether the control plane's marks show that it removed an
	// endpoint. Balancers may have followed after End.
	Open bool
}

// Inside reports whether the load lasted until the event was over.
func (e Event) Inside() bool { return e.Known && e.End <= e.LoadOver }

// Settle is for how many seconds without a mark the load has to go on to last until
// the event is over: a little longer than the longest pause between its marks, and
// than a closed loop that waits for slow responses sends nothing. Neither is the same
// each time.
func (e Event) Settle() int64 {
	const second = 1_000_000_000
	return max(1, (e.Pause+e.Pause/4+second-1)/second)
}

// longestPause returns the longest time without a mark from the end of the last step
// on.
func longestPause(marks []record.Mark) int64 {
	var ends []int64
	last := int64(0)
	for _, m := range marks {
		switch m.Kind {
		case record.MarkStep:
			last = max(last, m.End)
		case record.MarkNote, record.MarkCrashed:
		default:
			ends = append(ends, m.End)
		}
	}
	slices.Sort(ends)
	longest := int64(0)
	for _, end := range ends {
		longest, last = max(longest, end-last), max(last, end)
	}
	return longest
}

// longestIdle returns the longest time between two starts of requests from a time on.
func longestIdle(bins *record.Bins, from int64) int64 {
	longest, last := int64(0), int64(-1)
	for i := range bins.List {
		at := int64(i) * bins.Width
		if bins.List[i].Started == 0 || at < from {
			continue
		}
		if last >= 0 {
			longest = max(longest, at-last)
		}
		last = at
	}
	return longest
}

// findEvent spans the steps and the marks of lifecycles; notes do not count.
func findEvent(run *record.Run) Event {
	e := Event{LoadOver: lastStart(run)}
	for _, m := range run.Marks {
		if m.End < 0 && m.Kind != record.MarkCrashed {
			continue // part of the set-up, before the load
		}
		// Only failed steps and crashes count as errors: a replica that cuts
		// requests at the end of its grace period is what the run is there to
		// observe.
		if m.Error != "" && e.Err == "" && (m.Kind == record.MarkStep || m.Kind == record.MarkCrashed) {
			e.Err = m.Name + ": " + m.Error
		}
		switch m.Kind {
		case record.MarkStep:
			if !e.Known || m.Start < e.Begin {
				e.Begin = m.Start
			}
			e.Known = true
			e.End = max(e.End, m.End)
		case record.MarkNote, record.MarkCrashed:
		case record.MarkNotReady, record.MarkEndpointGoes, record.MarkEndpointDropped:
			e.End, e.Seen, e.Open = max(e.End, m.End), true, true
		default:
			e.End, e.Seen = max(e.End, m.End), true
		}
	}
	e.Pause = max(longestPause(run.Marks), longestIdle(&run.Bins, e.Begin))
	return e
}

// lastStart returns the start of the last bin in which a request started.
func lastStart(run *record.Run) int64 {
	for i, b := range slices.Backward(run.Bins.List) {
		if b.Started > 0 {
			return int64(i) * run.Bins.Width
		}
	}
	return 0
}

// Baseline is what completed before the first mark.
type Baseline struct {
	Known    bool
	Until    int64 // ns
	OK, Lost int64 // in whole bins that end by Until
	// Untouched is the time before which no marked event can have caused a loss,
	// in ns; 0 without a baseline. It is earlier than Until where marks may be
	// late.
	Untouched int64
	Classes   []baseline.Class // losses before Untouched and from then on; empty if nothing was lost before it
}

func findBaseline(run *record.Run) Baseline {
	i := slices.IndexFunc(run.Marks, func(m record.Mark) bool { return m.Kind != record.MarkNote && m.Start >= 0 })
	if i < 0 {
		return Baseline{}
	}
	b := Baseline{Known: true, Until: run.Marks[i].Start}
	for i := range run.Bins.List {
		if int64(i+1)*run.Bins.Width > b.Until {
			break
		}
		b.OK += run.Bins.List[i].OK
		b.Lost += run.Bins.List[i].LostCount()
	}
	return b
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
