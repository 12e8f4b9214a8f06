package analysis

import (
	"testing"

	"nodrop/loadgen/record"
)

// TestIgnored: a listener that closed with the kill shows that the signal was
// ignored only if it is the one that the load used.
func TestIgnored(t *testing.T) {
	const serves, health = "127.0.0.1:80", "127.0.0.1:9901"
	connected := func(name string, last int64) map[string]record.EndpointSeen {
		return map[string]record.EndpointSeen{name: {Name: name, LastConnect: last}}
	}
	for name, tt := range map[string]struct {
		address string
		closed  int64
		seen    map[string]record.EndpointSeen
		want    bool
	}{
		"the listener of the load, with the kill":          {serves, 1500 * ms, connected(serves, 100*ms), true},
		"the listener of the load, at the signal":          {serves, 510 * ms, connected(serves, 100*ms), false},
		"a listener of health checks, with the kill":       {health, 1500 * ms, connected(serves, 490*ms), false},
		"the load names endpoints by a header":             {health, 1500 * ms, connected("app", 100*ms), true},
		"a listener without an address, marked otherwise":  {"", 1500 * ms, connected(serves, 100*ms), true},
		"no mark of the listener, connections to the kill": {serves, Unknown, connected(serves, 1490*ms), true},
		"no mark of the listener, none after the signal":   {serves, Unknown, connected(serves, 490*ms), false},
	} {
		l := newLifecycle("app")
		l.address, l.Signalled, l.Killed, l.ListenerClosed = tt.address, 500*ms, 1500*ms, tt.closed
		if got := l.Ignored(tt.seen, ms); got != tt.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
