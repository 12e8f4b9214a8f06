package report

import (
	"cmp"
	"math"
	"slices"

	"nodrop/loadgen/record"
)

// lifecycle is what marks tell of one endpoint's way out, in ns from the run's
// start; unknown for what no mark tells.
type lifecycle struct {
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
	shutdown *record.Shutdown // nil is not known
	// over is when its address was in use again, or its name where it has none: what
	// is met there from then on is another's.
	over int64
	// refused is the end of the window of refusals that began with its termination.
	refused int64
}

// unknown stands for a moment that no mark tells.
const unknown = math.MinInt64

func newLifecycle(endpoint string) lifecycle {
	return lifecycle{
		endpoint: endpoint, terminating: unknown, signalled: unknown, listenerClosed: unknown, killed: unknown,
		exited: unknown, removed: unknown, unready: unknown, goes: unknown, dropped: unknown,
		over: unknown, refused: unknown,
	}
}

// stopped is when the endpoint stopped accepting connections.
func (l *lifecycle) stopped() int64 { return earliest(l.listenerClosed, l.exited) }

// earliest is the first of those moments that are known.
func earliest(moments ...int64) int64 {
	first := int64(unknown)
	for _, at := range moments {
		if at != unknown && (first == unknown || at < first) {
			first = at
		}
	}
	return first
}

// out is when the control plane took the endpoint out for good: not what it did for
// other reasons before.
func (l *lifecycle) out() int64 {
	first := int64(unknown)
	for _, at := range [...]int64{l.goes, l.unready, l.dropped} {
		if at != unknown && at >= l.terminating && (first == unknown || at < first) {
			first = at
		}
	}
	return first
}

// left reports that marks tell of a way out, and not only of what may come and go.
func (l *lifecycle) left() bool {
	for _, at := range [...]int64{l.terminating, l.signalled, l.listenerClosed, l.killed, l.exited, l.removed, l.dropped} {
		if at != unknown {
			return true
		}
	}
	return false
}

// exitLag is how late a control plane may tell of an exit, in ns: a kubelet looks
// at its containers once a second, then reports to the API server (PLEG relist
// period and status manager, kubernetes/pkg/kubelet).
const exitLag = 2_000_000_000

// killSlack is how much sooner than after the whole grace period a kubelet's kill
// may seem to come, in ns: it counts whole seconds, from before the termination was
// told here.
const killSlack = 1_500_000_000

// exitedAt reports that the endpoint's process may have ended then, and whether the
// marks are sure of it.
func (l *lifecycle) exitedAt(at int64) (may, sure bool) {
	switch {
	case within(at, l.exited, l.exited):
		return true, true
	case l.exited == unknown, l.address == "" && l.out() == unknown: // marks of the process itself
		return false, false
	}
	from := max(l.exited-exitLag, l.terminating)
	if l.killed != unknown && l.terminating != unknown && l.shutdown != nil {
		from = max(from, min(l.terminating+l.shutdown.Grace-killSlack, l.exited))
	}
	return within(at, from, l.exited), false
}

// exitUnasked is when the process may have ended, at the earliest, where no mark
// tells that it was told to go and that mark may be late; unknown where none is.
func (l *lifecycle) exitUnasked() int64 {
	if l.terminating != unknown || l.exited == unknown || l.address == "" {
		return unknown
	}
	return l.exited - exitLag
}

// begin is the first moment that is known.
func (l *lifecycle) begin() int64 {
	return earliest(l.terminating, l.signalled, l.listenerClosed, l.killed, l.exited, l.removed, l.unready, l.goes, l.dropped)
}

// moment is the field that a kind of mark fills; nil for kinds that are no
// part of a way out.
func (l *lifecycle) moment(kind record.MarkKind) *int64 {
	switch kind {
	case record.MarkTerminating:
		return &l.terminating
	case record.MarkSignalled:
		return &l.signalled
	case record.MarkListenerClosed:
		return &l.listenerClosed
	case record.MarkKilled:
		return &l.killed
	case record.MarkExited:
		return &l.exited
	case record.MarkNotReady:
		return &l.unready
	case record.MarkEndpointGoes:
		return &l.goes
	case record.MarkEndpointDropped:
		return &l.dropped
	case record.MarkEndpointRemoved:
		return &l.removed
	case record.MarkStep, record.MarkCrashed, record.MarkReady, record.MarkNote, record.MarkConnectionsCut:
	}
	return nil
}

// lifecycles gathers the marks, which are in order, by endpoint. One that is restarted in
// place has several lifecycles, and so have those that share a name one after the other.
func lifecycles(marks []record.Mark) []lifecycle {
	var list []lifecycle
	for _, m := range marks {
		if m.Kind == record.MarkReady {
			endLifecycles(list, m)
		}
		if m.Endpoint == "" || (&lifecycle{}).moment(m.Kind) == nil {
			continue
		}
		i := lastIndex(list, m.Endpoint)
		if i < 0 || !list[i].takes(m) {
			if i >= 0 && !list[i].elsewhere(m) {
				list[i].over = earliest(list[i].over, m.Start)
			}
			list = append(list, newLifecycle(m.Endpoint))
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

// takes reports that a later mark of the endpoint may be of the same lifecycle: what was
// told before is not told again, and what has ended is not told to go.
func (l *lifecycle) takes(m record.Mark) bool {
	if l.over != unknown || l.elsewhere(m) || *l.moment(m.Kind) != unknown {
		return false
	}
	switch m.Kind {
	case record.MarkTerminating, record.MarkSignalled:
		return l.exited == unknown && l.killed == unknown
	default:
		return true
	}
}

// elsewhere reports that a mark is of another address.
func (l *lifecycle) elsewhere(m record.Mark) bool {
	return l.address != "" && m.Address != "" && l.address != m.Address
}

// endLifecycles ends those that an endpoint which is ready cannot go on with. One that is
// told to go may be called ready until it has ended.
func endLifecycles(list []lifecycle, ready record.Mark) {
	for i := range list {
		l := &list[i]
		if l.over != unknown {
			continue
		}
		leaving := (l.terminating != unknown || l.signalled != unknown) && l.exited == unknown && l.killed == unknown
		if l.endpoint == ready.Endpoint && !l.elsewhere(ready) && !leaving || l.endpoint != ready.Endpoint && l.address != "" && l.address == ready.Address {
			l.over = ready.Start
		}
	}
}

func lastIndex(list []lifecycle, endpoint string) int {
	for i, l := range slices.Backward(list) {
		if l.endpoint == endpoint {
			return i
		}
	}
	return -1
}

// hookless reports that no pre-stop hook is set.
func (l *lifecycle) hookless() bool { return l.shutdown != nil && l.shutdown.PreStop == "" }

// refusedWith is the end of the window of refusals that began with a termination;
// unknown where none did.
func refusedWith(terminating int64, windows []Window) int64 {
	i, _ := slices.BinarySearchFunc(windows, terminating, func(w Window, at int64) int { return cmp.Compare(w.End, at) })
	for ; i < len(windows) && terminating != unknown && windows[i].Begin <= terminating+near; i++ {
		if slices.ContainsFunc(windows[i].Classes, func(c record.BinLoss) bool { return isRefusal(c.Class) }) {
			return windows[i].End
		}
	}
	return unknown
}

// near is how far a loss may be from the mark of what caused it: it is seen at
// once, but the mark may come from elsewhere.
const near = 50_000_000 // ns

// within reports that at is between from and to, give or take near; neither
// may be unknown.
func within(at, from, to int64) bool {
	return from != unknown && to != unknown && at >= from-near && at <= to+near
}

// endpointsLeft counts the endpoints that marks tell the way out of.
func endpointsLeft(l *Loss) int {
	left := map[string]bool{}
	for _, one := range l.Lifecycles {
		left[one.endpoint] = true
	}
	return len(left)
}
