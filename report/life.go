package report

import (
	"math"
	"slices"

	"nodrop/loadgen"
)

// life is what marks tell of one endpoint's way out, in ns from the run's
// start; unknown for what no mark tells.
type life struct {
	endpoint       string
	address        string // of IP, where marks tell that the endpoint has another name
	terminating    int64
	signalled      int64
	listenerClosed int64
	killed         int64
	exited         int64
	removed        int64
	// What the control plane says of it; balancers hear of that later.
	unready  int64
	goes     int64
	dropped  int64
	shutdown *loadgen.Shutdown // nil is not known
}

// unknown stands for a moment that no mark tells.
const unknown = math.MinInt64

func newLife(endpoint string) life {
	return life{
		endpoint: endpoint, terminating: unknown, signalled: unknown, listenerClosed: unknown, killed: unknown,
		exited: unknown, removed: unknown, unready: unknown, goes: unknown, dropped: unknown,
	}
}

// stopped is when the endpoint stopped accepting connections.
func (l *life) stopped() int64 {
	if l.listenerClosed != unknown {
		return l.listenerClosed
	}
	return l.exited
}

// out is when the control plane took the endpoint out for good: not what it did for
// other reasons before.
func (l *life) out() int64 {
	first := int64(unknown)
	for _, at := range [...]int64{l.goes, l.unready, l.dropped} {
		if at != unknown && at >= l.terminating && (first == unknown || at < first) {
			first = at
		}
	}
	return first
}

// left reports that marks tell of a way out, and not only of what may come and go.
func (l *life) left() bool {
	for _, at := range [...]int64{l.terminating, l.signalled, l.listenerClosed, l.killed, l.exited, l.removed, l.dropped} {
		if at != unknown {
			return true
		}
	}
	return false
}

// exitTold is how late a control plane may tell of an exit, in ns: a kubelet looks
// at its containers once a second, then reports to the API server (PLEG relist
// period and status manager, kubernetes/pkg/kubelet).
const exitTold = 2_000_000_000

// exitedAt reports that the endpoint's process may have ended then, and whether the
// marks are sure of it.
func (l *life) exitedAt(at int64) (may, sure bool) {
	switch {
	case within(at, l.exited, l.exited):
		return true, true
	case l.exited == unknown, l.address == "" && l.out() == unknown: // marks of the process itself
		return false, false
	}
	return within(at, max(l.exited-exitTold, l.terminating), l.exited), false
}

// begin is the first moment that is known.
func (l *life) begin() int64 {
	first := int64(math.MaxInt64)
	for _, at := range [...]int64{l.terminating, l.signalled, l.listenerClosed, l.killed, l.exited, l.removed, l.unready, l.goes, l.dropped} {
		if at != unknown {
			first = min(first, at)
		}
	}
	return first
}

// moment is the field that a kind of mark fills; nil for kinds that are no
// part of a way out.
func (l *life) moment(kind loadgen.MarkKind) *int64 {
	switch kind {
	case loadgen.MarkTerminating:
		return &l.terminating
	case loadgen.MarkSignalled:
		return &l.signalled
	case loadgen.MarkListenerClosed:
		return &l.listenerClosed
	case loadgen.MarkKilled:
		return &l.killed
	case loadgen.MarkExited:
		return &l.exited
	case loadgen.MarkNotReady:
		return &l.unready
	case loadgen.MarkEndpointGoes:
		return &l.goes
	case loadgen.MarkEndpointDropped:
		return &l.dropped
	case loadgen.MarkEndpointRemoved:
		return &l.removed
	case loadgen.MarkStep, loadgen.MarkCrashed, loadgen.MarkReady, loadgen.MarkNote, loadgen.MarkConnectionsCut:
	}
	return nil
}

// lives gathers the marks by endpoint. An endpoint that is told the same thing
// twice was restarted in place, and has as many lives.
func lives(marks []loadgen.Mark) []life {
	var list []life
	for _, m := range marks {
		if m.Endpoint == "" || (&life{}).moment(m.Kind) == nil {
			continue
		}
		i := lastIndex(list, m.Endpoint)
		if i < 0 || *list[i].moment(m.Kind) != unknown {
			list = append(list, newLife(m.Endpoint))
			i = len(list) - 1
		}
		*list[i].moment(m.Kind) = m.Start
		if m.Address != "" {
			list[i].address = m.Address
		}
		if m.Shutdown != nil {
			list[i].shutdown = m.Shutdown
		}
	}
	return list
}

func lastIndex(list []life, endpoint string) int {
	for i, l := range slices.Backward(list) {
		if l.endpoint == endpoint {
			return i
		}
	}
	return -1
}

// byEndpoint is where in the list each endpoint's lives are, in order, by its name
// and by its address.
func byEndpoint(list []life) map[string][]*life {
	index := map[string][]*life{}
	for i := range list {
		one := &list[i]
		index[one.endpoint] = append(index[one.endpoint], one)
		if one.address != "" && one.address != one.endpoint {
			index[one.address] = append(index[one.address], one)
		}
	}
	return index
}

// lifeAt is the life of one endpoint that it was in at a time: the last one that
// had begun, give or take near, or else its first; nil when marks tell of none.
func lifeAt(own []*life, at int64) *life {
	var found *life
	for _, l := range own {
		if found == nil || l.begin() <= at+near {
			found = l
		}
	}
	return found
}
