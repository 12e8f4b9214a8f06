package shape

import (
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Outage is a time in which no request could connect, whatever its endpoint,
// and after which requests succeeded again.
type Outage struct {
	Begin, End int64 // ns
	Left       int64 // when an endpoint had begun to leave before it; analysis.Unknown if no mark shows that
	Ready      int64 // of the ready mark that it ended with; analysis.Unknown if there is none
}

// Marked reports whether marks show that the old endpoint left and the new one
// was ready when the outage ended.
func (o *Outage) Marked() bool { return o.Left != analysis.Unknown && o.Ready != analysis.Unknown }

// OutageOf returns the outage in the event that a failed connection belongs to;
// nil if there is none.
func (m *Measures) OutageOf(l *record.LostRequest) *Outage {
	if !failedToConnect(l) {
		return nil
	}
	from, until := analysis.FailedAt(l, analysis.Near)
	for i := range m.outages { // few: each is followed by a recovery
		if o := &m.outages[i]; until >= o.Begin && from <= o.End {
			return o
		}
	}
	return nil
}

// failedToConnect reports whether nothing answered at an endpoint's address.
func failedToConnect(l *record.LostRequest) bool {
	switch l.Class.Cause() {
	case record.CauseRefused, record.CauseReset, record.CauseTimeout, record.CauseUnreachable:
		return l.Class.Stage() == record.StageConnect
	default:
		return false
	}
}

// mostOutages bounds the number of outages that are looked at.
const mostOutages = 100

// findOutages finds the outages that something done to the target can have
// caused.
func (m *Measures) findOutages() {
	if !m.Eventful() {
		return
	}
	var failures []analysis.Failure
	for i := range m.run.Lost {
		if l := &m.run.Lost[i]; failedToConnect(l) {
			failures = append(failures, analysis.FailureOf(l, analysis.Near))
		}
	}
	analysis.SortFailures(failures)
	for group := range analysis.GroupFailures(failures, m.loss.Gap) {
		w := analysis.NewWindow(group)
		if len(m.outages) == mostOutages {
			return
		}
		if w.Begin < m.begin()-analysis.Near || !m.whole(w.Begin, w.End) || !m.succeeded(-1, w.Begin) || !m.succeeded(w.End, m.run.Duration) || m.served(&w) {
			continue
		}
		o := Outage{w.Begin, w.End, m.leftBefore(w.Begin), m.readyIn(w.Begin, w.End)}
		if refused(&w) || o.Left != analysis.Unknown {
			m.outages = append(m.outages, o)
		}
	}
}

// refused reports whether nothing but refusals happened.
func refused(w *analysis.Window) bool {
	return !slices.ContainsFunc(w.Classes, func(c record.BinLoss) bool { return !analysis.IsRefusal(c.Class) })
}

// whole reports whether nearly every request that started in [from, to] was lost. A
// few requests or bins do not show it.
//
// On a busy machine some of the first and last requests connect long after they
// started, so bins at either end may be left out, as long as the others have three
// quarters of the losses.
func (m *Measures) whole(from, to int64) bool {
	bins := m.startedIn(from, to)
	all := sum(bins)
	for rest := all; rest.started >= 5 && 4*rest.lost >= 3*all.lost; rest = sum(bins) {
		if 20*rest.lost >= 19*rest.started {
			return true
		}
		if bins[0].survivors() > bins[len(bins)-1].survivors() {
			bins = bins[1:]
		} else {
			bins = bins[:len(bins)-1]
		}
	}
	return false
}

// startedBin counts the requests that started in a bin, and those of them that were
// lost.
type startedBin struct{ started, lost int64 }

func (b startedBin) survivors() int64 { return b.started - b.lost }

func sum(list []startedBin) (all startedBin) {
	for _, b := range list {
		all.started += b.started
		all.lost += b.lost
	}
	return all
}

// startedIn returns the bins that lie inside [from, to]. The recording's bins count a
// loss when it failed, which may be bins after it started, so losses are counted in
// the list, which has their starts. It is not complete if there are too many; then
// the machine was fast enough for the bins.
func (m *Measures) startedIn(from, to int64) []startedBin {
	width := m.run.Bins.Width
	if width == 0 {
		return nil
	}
	first, end := from/width+1, min(to/width, int64(len(m.run.Bins.List)))
	if first >= end {
		return nil
	}
	list := make([]startedBin, end-first)
	for i, bin := range m.run.Bins.List[first:end] {
		list[i].started = bin.Started
		if m.run.LostUnlisted > 0 {
			list[i].lost = bin.LostCount()
		}
	}
	if m.run.LostUnlisted > 0 {
		return list
	}
	for i := range m.run.Lost {
		if at := m.run.Lost[i].Start/width - first; m.run.Lost[i].Start >= 0 && at >= 0 && at < int64(len(list)) {
			list[at].lost++
		}
	}
	return list
}

// served reports whether an endpoint that lost nothing in a window responded both
// before and after it. Then others served meanwhile, and by chance none of the few
// requests was sent to them. If responses name replicas, and failures an address
// that they share, nothing can be said.
func (m *Measures) served(w *analysis.Window) bool {
	if slices.ContainsFunc(w.Endpoints, func(name string) bool { return m.seen[name].FirstResponse < 0 || m.seen[name].Name == "" }) {
		return false
	}
	for name, seen := range m.seen {
		if name != "" && seen.FirstResponse >= 0 && seen.FirstResponse < w.Begin && seen.LastResponse > w.End && !slices.Contains(w.Endpoints, name) {
			return true
		}
	}
	return false
}

// leftBefore returns when the last endpoint that was leaving at the outage's
// begin had begun to leave.
func (m *Measures) leftBefore(begin int64) int64 {
	at := int64(analysis.Unknown)
	for i := range m.loss.Lifecycles {
		one := &m.loss.Lifecycles[i]
		if !one.Left() || one.Begin() > begin+analysis.Near || one.Over != analysis.Unknown && one.Over < begin {
			continue
		}
		at = max(at, one.Begin())
	}
	return at
}
