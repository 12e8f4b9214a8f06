package analysis

import (
	"slices"

	"nodrop/loadgen/record"
)

// SomeKilled reports whether any endpoint was killed.
func SomeKilled(list []Lifecycle) bool {
	for i := range list {
		if list[i].Killed != Unknown {
			return true
		}
	}
	return false
}

// Ignored reports whether it is known that a killed process had ignored the stop
// signal: its listener closed no earlier than with the kill or, if no mark shows
// when it closed, it accepted a connection shortly before the kill. gap is the
// average time between requests to the endpoint, in ns. A listener that the load
// did not connect to shows nothing: it may be that of a health check, which stays
// open while the process drains.
func (l *Lifecycle) Ignored(seen map[string]record.EndpointSeen, gap int64) bool {
	switch {
	case l.Killed == Unknown, l.Signalled == Unknown, l.Killed-l.Signalled <= Near:
		return false
	case l.ListenerClosed != Unknown:
		return l.openUntilKill() && (l.address == "" || l.reached(seen))
	}
	for _, name := range [...]string{l.Endpoint, l.address} {
		e, ok := seen[name]
		if ok && e.LastConnect > l.Signalled && Within(e.LastConnect, l.Killed-max(Near, gap), l.Killed) {
			return true
		}
	}
	return false
}

// MayHaveIgnored reports whether a killed process may have ignored the stop
// signal: its listener closed no earlier than with the kill, but the load
// connected only to another process that the marks name, such as the gateway in
// front of it.
func (l *Lifecycle) MayHaveIgnored(seen map[string]record.EndpointSeen, marks []record.Mark) bool {
	if l.Killed == Unknown || l.Signalled == Unknown || l.Killed-l.Signalled <= Near ||
		l.ListenerClosed == Unknown || !l.openUntilKill() || l.address == "" || l.reached(seen) {
		return false
	}
	return slices.ContainsFunc(marks, func(m record.Mark) bool {
		_, reached := seen[m.Address]
		return reached && m.Kind == record.MarkReady && m.Endpoint != l.Endpoint
	})
}

// openUntilKill reports whether the listener closed no earlier than with the
// kill.
func (l *Lifecycle) openUntilKill() bool { return l.ListenerClosed >= l.Killed-Near }

// reached reports whether the load connected to the endpoint itself.
func (l *Lifecycle) reached(seen map[string]record.EndpointSeen) bool {
	_, byName := seen[l.Endpoint]
	_, byAddress := seen[l.address]
	return byName || byAddress
}

// GraceGiven returns the shortest time from the start of termination, or from
// the stop signal, to the kill, in ns.
func GraceGiven(killed []*Lifecycle) int64 {
	shortest := int64(Unknown)
	for _, one := range killed {
		begin := one.Terminating
		if begin == Unknown {
			begin = one.Signalled
		}
		shortest = earliest(shortest, one.Killed-begin)
	}
	return shortest
}

// StopSignal returns the signal that stopped the endpoint.
func (l *Lifecycle) StopSignal() string {
	if l.Shutdown != nil && l.Shutdown.Signal != "" {
		return l.Shutdown.Signal
	}
	return "SIGTERM"
}
