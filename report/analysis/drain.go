package analysis

import "nodrop/loadgen/record"

// CutBy reports whether the balancer's cut of the endpoint's connections can
// have lost the request. A client whose request is in flight may hear nothing of
// the cut and time out later; on an idle connection, the next request meets a
// reset. slowest is the slowest response of the run, pause the longest time
// between two requests on a kept-alive connection; both in ns.
func (l *Lifecycle) CutBy(lost *record.LostRequest, slowest, pause int64) bool {
	if l.Cut == Unknown || l.diedFirst(lost) {
		return false
	}
	switch {
	case IsCut(lost.Class) && Within(lost.End, l.Cut, l.Cut):
		return true
	case BeyondConnect(lost.Class) && lost.Class.Cause() == record.CauseTimeout:
		return lost.Start <= l.Cut && l.Cut < lost.End && l.Cut-lost.Start <= slowest+Near
	}
	return lost.Reused && IsCut(lost.Class) && Unresponded(lost.Class) && lost.End-lost.Start <= Near &&
		lost.Start >= l.Cut && lost.Start <= l.Cut+pause+Near
}

// diedFirst reports whether the end of the process explains a loss better than
// the cut: it came before the cut, and is nearer. An end after the cut is an
// effect of the cut: the process has nothing left to do.
func (l *Lifecycle) diedFirst(lost *record.LostRequest) bool {
	died := l.Exited
	if l.Killed != Unknown {
		died = l.Killed
	}
	return died != Unknown && died < l.Cut && abs(lost.End-died) < abs(lost.End-l.Cut)
}

// EndedBeforeCut reports whether the process ended at the time of a loss, and
// the balancer had not cut its connections before.
func (l *Lifecycle) EndedBeforeCut(lost *record.LostRequest) bool {
	return Within(lost.End, l.Exited, l.Exited) && (l.Cut == Unknown || l.Exited < l.Cut)
}

// AgeAtCut returns how long the request had been in flight at the cut, in ns.
func (l *Lifecycle) AgeAtCut(lost *record.LostRequest) int64 {
	return min(lost.End, max(l.Cut, lost.Start)) - lost.Start
}

// DrainedFor returns the shortest time from the removal of an endpoint to the
// cut of its connections, in ns; Unknown if no mark shows a removal.
func DrainedFor(list []*Lifecycle) int64 {
	shortest := int64(Unknown)
	for _, one := range list {
		if one.Removed != Unknown && one.Removed <= one.Cut {
			shortest = earliest(shortest, one.Cut-one.Removed)
		}
	}
	return shortest
}
