package analysis

import "nodrop/loadgen/record"

// AnsweredLater reports whether the endpoint answered a request that it got
// after its stop signal: the response came so late, though before the kill, that
// no request of before can have been in flight until then. slowest is the
// slowest response of the run, in ns.
func (l *Lifecycle) AnsweredLater(seen map[string]record.EndpointSeen, slowest int64) bool {
	if l.Signalled == Unknown || l.Killed == Unknown {
		return false
	}
	for _, name := range [...]string{l.Endpoint, l.address} {
		e, ok := seen[name]
		if ok && e.LastResponse-slowest > l.Signalled && e.LastResponse <= l.Killed+Near {
			return true
		}
	}
	return false
}

// TookLater reports whether the endpoint still had a kept-alive connection open
// on which a request was sent after its stop signal, until the kill cut it. One
// that stops serving closes such connections.
func (l *Lifecycle) TookLater(lost *record.LostRequest) bool {
	return l.Signalled != Unknown && lost.Reused && IsCut(lost.Class) && lost.Start > l.Signalled+Near && Within(lost.End, l.Killed, max(l.Killed, l.Exited))
}
