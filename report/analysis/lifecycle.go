package analysis

import (
	"cmp"
	"math"
	"slices"

	"nodrop/loadgen/record"
)

// Lifecycle is what marks tell of one endpoint's way out, in ns from the run's
// start; unknown for what no mark tells.
type Lifecycle struct {
	Endpoint       string
	address        string // of IP, where marks tell that the endpoint has another name
	Terminating    int64
	Signalled      int64
	ListenerClosed int64
	Killed         int64
	Exited         int64
	Removed        int64
	// What the control plane says of it; balancers hear of that later.
	unready  int64
	goes     int64
	dropped  int64
	Shutdown *record.Shutdown // nil is not known
	// over is when its address was in use again, or its name where it has none: what
	// is met there from then on is another's.
	Over int64
	// refused is the end of the window of refusals that began with its termination.
	Refused int64
}

// Unknown stands for a moment that no mark tells.
const Unknown = math.MinInt64

func newLifecycle(endpoint string) Lifecycle {
	return Lifecycle{
		Endpoint: endpoint, Terminating: Unknown, Signalled: Unknown, ListenerClosed: Unknown, Killed: Unknown,
		Exited: Unknown, Removed: Unknown, unready: Unknown, goes: Unknown, dropped: Unknown,
		Over: Unknown, Refused: Unknown,
	}
}

// Stopped is when the endpoint stopped accepting connections.
func (l *Lifecycle) Stopped() int64 { return earliest(l.ListenerClosed, l.Exited) }

// earliest is the first of those moments that are known.
func earliest(moments ...int64) int64 {
	first := int64(Unknown)
	for _, at := range moments {
		if at != Unknown && (first == Unknown || at < first) {
			first = at
		}
	}
	return first
}

// Out is when the control plane took the endpoint out for good: not what it did for
// other reasons before.
func (l *Lifecycle) Out() int64 {
	first := int64(Unknown)
	for _, at := range [...]int64{l.goes, l.unready, l.dropped} {
		if at != Unknown && at >= l.Terminating && (first == Unknown || at < first) {
			first = at
		}
	}
	return first
}

// Left reports that marks tell of a way out, and not only of what may come and go.
func (l *Lifecycle) Left() bool {
	for _, at := range [...]int64{l.Terminating, l.Signalled, l.ListenerClosed, l.Killed, l.Exited, l.Removed, l.dropped} {
		if at != Unknown {
			return true
		}
	}
	return false
}

// ExitLag is how late a control plane may tell of an exit, in ns: a kubelet looks
// at its containers once a second, then reports to the API server (PLEG relist
// period and status manager, kubernetes/pkg/kubelet).
const ExitLag = 2_000_000_000

// killSlack is how much sooner than after the whole grace period a kubelet's kill
// may seem to come, in ns: it counts whole seconds, from before the termination was
// told here.
const killSlack = 1_500_000_000

// ExitedAt reports that the endpoint's process may have ended then, and whether the
// marks are sure of it.
func (l *Lifecycle) ExitedAt(at int64) (may, sure bool) {
	switch {
	case Within(at, l.Exited, l.Exited):
		return true, true
	case l.Exited == Unknown, l.address == "" && l.Out() == Unknown: // marks of the process itself
		return false, false
	}
	from := max(l.Exited-ExitLag, l.Terminating)
	if l.Killed != Unknown && l.Terminating != Unknown && l.Shutdown != nil {
		from = max(from, min(l.Terminating+l.Shutdown.Grace-killSlack, l.Exited))
	}
	return Within(at, from, l.Exited), false
}

// ExitUnasked is when the process may have ended, at the earliest, where no mark
// tells that it was told to go and that mark may be late; unknown where none is.
func (l *Lifecycle) ExitUnasked() int64 {
	if l.Terminating != Unknown || l.Exited == Unknown || l.address == "" {
		return Unknown
	}
	return l.Exited - ExitLag
}

// Begin is the first moment that is known.
func (l *Lifecycle) Begin() int64 {
	return earliest(l.Terminating, l.Signalled, l.ListenerClosed, l.Killed, l.Exited, l.Removed, l.unready, l.goes, l.dropped)
}

// moment is the field that a kind of mark fills; nil for kinds that are no
// part of a way out.
func (l *Lifecycle) moment(kind record.MarkKind) *int64 {
	switch kind {
	case record.MarkTerminating:
		return &l.Terminating
	case record.MarkSignalled:
		return &l.Signalled
	case record.MarkListenerClosed:
		return &l.ListenerClosed
	case record.MarkKilled:
		return &l.Killed
	case record.MarkExited:
		return &l.Exited
	case record.MarkNotReady:
		return &l.unready
	case record.MarkEndpointGoes:
		return &l.goes
	case record.MarkEndpointDropped:
		return &l.dropped
	case record.MarkEndpointRemoved:
		return &l.Removed
	case record.MarkStep, record.MarkCrashed, record.MarkReady, record.MarkNote, record.MarkConnectionsCut:
	}
	return nil
}

// lifecycles gathers the marks, which are in order, by endpoint. One that is restarted in
// place has several lifecycles, and so have those that share a name one after the other.
func lifecycles(marks []record.Mark) []Lifecycle {
	var list []Lifecycle
	for _, m := range marks {
		if m.Kind == record.MarkReady {
			endLifecycles(list, m)
		}
		if m.Endpoint == "" || (&Lifecycle{}).moment(m.Kind) == nil {
			continue
		}
		i := lastIndex(list, m.Endpoint)
		if i < 0 || !list[i].takes(m) {
			if i >= 0 && !list[i].elsewhere(m) {
				list[i].Over = earliest(list[i].Over, m.Start)
			}
			list = append(list, newLifecycle(m.Endpoint))
			i = len(list) - 1
		}
		*list[i].moment(m.Kind) = m.Start
		if m.Address != "" {
			list[i].address = m.Address
		}
		if m.Shutdown != nil {
			list[i].Shutdown = m.Shutdown
		}
	}
	return list
}

// takes reports that a later mark of the endpoint may be of the same lifecycle: what was
// told before is not told again, and what has ended is not told to go.
func (l *Lifecycle) takes(m record.Mark) bool {
	if l.Over != Unknown || l.elsewhere(m) || *l.moment(m.Kind) != Unknown {
		return false
	}
	switch m.Kind {
	case record.MarkTerminating, record.MarkSignalled:
		return l.Exited == Unknown && l.Killed == Unknown
	default:
		return true
	}
}

// elsewhere reports that a mark is of another address.
func (l *Lifecycle) elsewhere(m record.Mark) bool {
	return l.address != "" && m.Address != "" && l.address != m.Address
}

// endLifecycles ends those that an endpoint which is ready cannot go on with. One that is
// told to go may be called ready until it has ended.
func endLifecycles(list []Lifecycle, ready record.Mark) {
	for i := range list {
		l := &list[i]
		if l.Over != Unknown {
			continue
		}
		leaving := (l.Terminating != Unknown || l.Signalled != Unknown) && l.Exited == Unknown && l.Killed == Unknown
		if l.Endpoint == ready.Endpoint && !l.elsewhere(ready) && !leaving || l.Endpoint != ready.Endpoint && l.address != "" && l.address == ready.Address {
			l.Over = ready.Start
		}
	}
}

func lastIndex(list []Lifecycle, endpoint string) int {
	for i, l := range slices.Backward(list) {
		if l.Endpoint == endpoint {
			return i
		}
	}
	return -1
}

// Hookless reports that no pre-stop hook is set.
func (l *Lifecycle) Hookless() bool { return l.Shutdown != nil && l.Shutdown.PreStop == "" }

// refusedWith is the end of the window of refusals that began with a termination;
// unknown where none did.
func refusedWith(terminating int64, windows []Window) int64 {
	i, _ := slices.BinarySearchFunc(windows, terminating, func(w Window, at int64) int { return cmp.Compare(w.End, at) })
	for ; i < len(windows) && terminating != Unknown && windows[i].Begin <= terminating+Near; i++ {
		if slices.ContainsFunc(windows[i].Classes, func(c record.BinLoss) bool { return IsRefusal(c.Class) }) {
			return windows[i].End
		}
	}
	return Unknown
}

// Near is how far a loss may be from the mark of what caused it: it is seen at
// once, but the mark may come from elsewhere.
const Near = 50_000_000 // ns

// Within reports that at is between from and to, give or take near; neither
// may be unknown.
func Within(at, from, to int64) bool {
	return from != Unknown && to != Unknown && at >= from-Near && at <= to+Near
}

// EndpointsLeft counts the endpoints that marks tell the way out of.
func EndpointsLeft(l *Loss) int {
	left := map[string]bool{}
	for _, one := range l.Lifecycles {
		left[one.Endpoint] = true
	}
	return len(left)
}
