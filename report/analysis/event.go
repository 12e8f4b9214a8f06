package analysis

import (
	"slices"

	"nodrop/loadgen/record"
)

// Event is what a scenario did to the target, from its first step to the last
// mark that it caused.
type Event struct {
	Known      bool
	Begin, End int64  // ns
	LoadOver   int64  // when the last request was started, ns
	Err        string // of the first step that failed, or child that crashed
	// Seen: a mark tells of an endpoint. Without one, End is that of the steps,
	// and what they set going may have gone on after it.
	Seen bool
	// Open: marks tell when the control plane took an endpoint out, of which
	// balancers may have heard after End.
	Open bool
}

// Inside reports whether the load went on until the event was over.
func (e Event) Inside() bool { return e.Known && e.End <= e.LoadOver }

// findEvent spans the steps and the lifecycle-cycle marks; notes are not part of it.
func findEvent(run *record.Run) Event {
	e := Event{LoadOver: lastStart(run)}
	for _, m := range run.Marks {
		if m.End < 0 && m.Kind != record.MarkCrashed {
			continue // of the set-up, before the load
		}
		// A replica that cut requests at the end of its grace is what is to be
		// seen; a step that failed, or a crash, is not.
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
	return e
}

// lastStart is the latest moment, to the bin's begin, at which a request was
// started.
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
	OK, Lost int64 // in whole bins that ended before Until
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
