package analysis

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"nodrop/loadgen/record"
)

// Lifecycle holds the times of one endpoint's marks as it leaves, in ns from
// the run's start; Unknown where there is no mark.
type Lifecycle struct {
	Endpoint       string
	address        string // see record.Mark
	pod            bool   // address is that of a pod: parsed once, as every loss asks
	Terminating    int64
	Signalled      int64
	ListenerClosed int64
	Killed         int64
	Exited         int64
	Removed        int64
	Cut            int64 // when the balancer cut the connections that were left after the removal
	// From the control plane; balancers learn of these later.
	unready  int64
	goes     int64
	dropped  int64
	Shutdown *record.Shutdown // nil if not known
	// Over is when the endpoint's address (or its name, if it has no address)
	// was in use again. Later requests there meet another process.
	Over int64
	// Refused is the end of the window of refusals that began with the
	// termination.
	Refused int64
}

// Unknown stands for a time without a mark.
const Unknown = math.MinInt64

func newLifecycle(endpoint string) Lifecycle {
	return Lifecycle{
		Endpoint: endpoint, Terminating: Unknown, Signalled: Unknown, ListenerClosed: Unknown, Killed: Unknown,
		Exited: Unknown, Removed: Unknown, Cut: Unknown, unready: Unknown, goes: Unknown, dropped: Unknown,
		Over: Unknown, Refused: Unknown,
	}
}

// Address returns where the endpoint is reached, if its name is not that; ""
// if not known.
func (l *Lifecycle) Address() string { return l.address }

// Stopped is when the endpoint stopped accepting connections.
func (l *Lifecycle) Stopped() int64 { return earliest(l.ListenerClosed, l.Exited) }

// earliest returns the first of the known times.
func earliest(moments ...int64) int64 {
	first := int64(Unknown)
	for _, at := range moments {
		if at != Unknown && (first == Unknown || at < first) {
			first = at
		}
	}
	return first
}

// Out returns when the control plane removed the endpoint for good; removals
// before its termination do not count.
func (l *Lifecycle) Out() int64 {
	first := int64(Unknown)
	for _, at := range [...]int64{l.goes, l.unready, l.dropped} {
		if at != Unknown && at >= l.Terminating && (first == Unknown || at < first) {
			first = at
		}
	}
	return first
}

// Left reports whether the marks show that the endpoint left, rather than only
// changes of readiness.
func (l *Lifecycle) Left() bool {
	for _, at := range [...]int64{l.Terminating, l.Signalled, l.ListenerClosed, l.Killed, l.Exited, l.Removed, l.Cut, l.dropped} {
		if at != Unknown {
			return true
		}
	}
	return false
}

// ExitLag is how long after an exit the control plane may report it, in ns: a
// kubelet looks at its containers once a second, then reports to the API server
// (PLEG relist period and status manager, kubernetes/pkg/kubelet).
const ExitLag = 2_000_000_000

// killSlack is how much earlier than the full grace period a kubelet's kill may
// appear to come, in ns: it counts whole seconds, and starts before nodrop sees
// the termination.
const killSlack = 1_500_000_000

// late reports whether a control plane reports the exit, perhaps late.
func (l *Lifecycle) late() bool { return l.pod || l.Out() != Unknown }

// isPod reports whether an address is that of a pod, which a control plane
// watches. That of a process which nodrop watches itself has a port.
func isPod(address string) bool {
	_, err := netip.ParseAddr(address)
	return err == nil
}

// ExitedAt reports whether the endpoint's process may have exited at a time,
// and whether the marks are sure of it.
func (l *Lifecycle) ExitedAt(at int64) (may, sure bool) {
	switch {
	case Within(at, l.Exited, l.Exited):
		return true, true
	case l.Exited == Unknown, !l.late():
		return false, false
	}
	from := max(l.Exited-ExitLag, l.Terminating)
	if l.Killed != Unknown && l.Terminating != Unknown && l.Shutdown != nil {
		from = max(from, min(l.Terminating+l.Shutdown.Grace-killSlack, l.Exited))
	}
	return Within(at, from, l.Exited), false
}

// ExitSeen reports whether nodrop saw the exit of the process itself, at once.
func (l *Lifecycle) ExitSeen() bool { return l.Exited != Unknown && !l.late() }

// ExitUnasked returns the earliest possible exit of a process that has an exit
// mark, possibly late, but no termination mark. For all others it returns
// Unknown.
func (l *Lifecycle) ExitUnasked() int64 {
	if l.Terminating != Unknown || l.Exited == Unknown || !l.pod {
		return Unknown
	}
	return l.Exited - ExitLag
}

// Begin returns the first known time.
func (l *Lifecycle) Begin() int64 {
	return earliest(l.Terminating, l.Signalled, l.ListenerClosed, l.Killed, l.Exited, l.Removed, l.Cut, l.unready, l.goes, l.dropped)
}

// TerminationBegan returns when it was asked to stop, Unknown if no mark shows
// that.
func (l *Lifecycle) TerminationBegan() int64 { return earliest(l.Terminating, l.Signalled) }

// moment returns the field for a kind of mark; nil for kinds that are not part
// of leaving.
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
	case record.MarkConnectionsCut:
		return &l.Cut
	case record.MarkStep, record.MarkCrashed, record.MarkReady, record.MarkNote:
	}
	return nil
}

// lifecycles groups ordered marks by endpoint. An endpoint that restarts in
// place has several lifecycles, as do endpoints that use the same name one
// after the other. A mark without an address has that of the endpoint's last
// ready mark: who sets a mark by hand knows the process by its name.
func lifecycles(marks []record.Mark) []Lifecycle {
	var list []Lifecycle
	served := map[string]string{} // addresses, by endpoint
	for _, m := range marks {
		if m.Kind == record.MarkReady {
			endLifecycles(list, m)
			served[m.Endpoint] = m.Address
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
			list[i].address = served[m.Endpoint]
		}
		*list[i].moment(m.Kind) = m.Start
		if m.Address != "" {
			list[i].address = m.Address
		}
		if m.Shutdown != nil {
			list[i].Shutdown = m.Shutdown
		}
	}
	for i := range list {
		list[i].pod = isPod(list[i].address)
	}
	return list
}

// takes reports whether a later mark of the endpoint can belong to this
// lifecycle. No mark comes twice, and a process that has ended is not
// terminated again.
func (l *Lifecycle) takes(m record.Mark) bool {
	if l.Over != Unknown || l.elsewhere(m) || *l.moment(m.Kind) != Unknown {
		return false
	}
	switch m.Kind {
	case record.MarkTerminating: // an earlier signal was of another kind, such as a reload
		return l.Exited == Unknown && l.Killed == Unknown && (l.Signalled == Unknown || l.Signalled >= m.Start)
	case record.MarkSignalled:
		return l.Exited == Unknown && l.Killed == Unknown
	default:
		return true
	}
}

// elsewhere reports whether a mark belongs to another address.
func (l *Lifecycle) elsewhere(m record.Mark) bool {
	return l.address != "" && m.Address != "" && l.address != m.Address
}

// endLifecycles ends the lifecycles that cannot continue after a ready mark. A
// terminating endpoint may still be reported ready until it has ended.
func endLifecycles(list []Lifecycle, ready record.Mark) {
	for i := range list {
		l := &list[i]
		if l.Over != Unknown {
			continue
		}
		leaving := (l.Terminating != Unknown || l.Signalled != Unknown) && l.Exited == Unknown && l.Killed == Unknown
		// A pod's address is free once the pod is gone. Processes can share one
		// while the successor takes over.
		replaced := l.Endpoint != ready.Endpoint && l.address != "" && l.address == ready.Address && (isPod(l.address) || !leaving)
		if l.Endpoint == ready.Endpoint && !l.elsewhere(ready) && !leaving || replaced {
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

// Sleeping reports whether a pre-stop hook that sleeps for a known time surely
// still keeps the process from its stop signal: it has no reason yet to stop
// accepting.
func (l *Lifecycle) Sleeping(at int64) bool {
	if l.Shutdown == nil || l.Terminating == Unknown || l.Exited != Unknown && at > l.Exited-ExitLag {
		return false
	}
	text, sleeps := strings.CutPrefix(l.Shutdown.PreStop, "sleep ")
	length, err := time.ParseDuration(text)
	return sleeps && err == nil && at < l.Terminating+int64(length)-Near
}

// Hookless reports whether the endpoint is known to have no pre-stop hook.
func (l *Lifecycle) Hookless() bool { return l.Shutdown != nil && l.Shutdown.PreStop == "" }

// refusedWith returns the end of the window of refusals that began with a
// termination; Unknown if there is none.
func refusedWith(terminating int64, windows []Window) int64 {
	i, _ := slices.BinarySearchFunc(windows, terminating, func(w Window, at int64) int { return cmp.Compare(w.End, at) })
	for ; i < len(windows) && terminating != Unknown && windows[i].Begin <= terminating+Near; i++ {
		if slices.ContainsFunc(windows[i].Classes, func(c record.BinLoss) bool { return IsRefusal(c.Class) }) {
			return windows[i].End
		}
	}
	return Unknown
}

// Near is how far a loss may lie from the mark of its cause: nodrop sees the
// loss at once, but the mark may come from another source.
const Near = 50_000_000 // ns

// Within reports whether at is between from and to, give or take Near. It is
// false if from or to is Unknown.
func Within(at, from, to int64) bool {
	return from != Unknown && to != Unknown && at >= from-Near && at <= to+Near
}

// EndpointsLeft counts the endpoints that have a lifecycle.
func EndpointsLeft(l *Loss) int {
	left := map[string]bool{}
	for _, one := range l.Lifecycles {
		left[one.Endpoint] = true
	}
	return len(left)
}
