package shape

import (
	"cmp"
	"math"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Arrival is a new endpoint, or a new process at the address of an old one, and
// what it lost until it served.
type Arrival struct {
	Endpoint string
	At       int64 // ns; of its ready mark or, without one, of its first connection
	Marked   bool  // a ready mark says so
	New      bool  // no connection had been made to its address before
	Refused  Early
	Errors   Early // responses with an unexpected status
	Slow     Early // requests that timed out
	until    int64 // when it left again
}

// Early is what an arriving endpoint lost in one way. Times are in ns.
type Early struct {
	Count       int64
	First, Last int64 // when the first and the last started
	lost        []*record.LostRequest
}

func (e *Early) add(l *record.LostRequest) {
	if e.Count == 0 {
		e.First, e.Last = l.Start, l.Start
	}
	e.Count++
	e.First, e.Last = min(e.First, l.Start), max(e.Last, l.Start)
	e.lost = append(e.lost, l)
}

// ArrivalOf returns the arrival that a loss belongs to: the endpoint lost such
// requests from its arrival on, and then no longer, while it went on serving.
// It is nil if there is none.
func (m *Measures) ArrivalOf(l *record.LostRequest) *Arrival { return m.arrived[l] }

// findArrivals finds the arrivals, and the losses of each.
func (m *Measures) findArrivals() {
	m.arrivals, m.arrived = map[string][]*Arrival{}, map[*record.LostRequest]*Arrival{}
	m.arriveByMarks()
	m.arriveByConnections()
	var errors, slow []int64 // when requests started that failed so elsewhere
	for i := range m.run.Lost {
		l := &m.run.Lost[i]
		early := m.arrivalAt(l).kind(l)
		switch {
		case early != nil:
			early.add(l)
		case l.Class.Stage() == record.StageStatus:
			errors = append(errors, l.Start)
		case isSlow(l):
			slow = append(slow, l.Start)
		}
	}
	slices.Sort(errors)
	slices.Sort(slow)
	for _, list := range m.arrivals {
		for _, a := range list {
			m.settle(a, &a.Refused, nil)
			m.settle(a, &a.Errors, errors)
			m.settle(a, &a.Slow, slow)
		}
	}
}

// settle keeps what an arrival lost in one way, if the arrival explains it.
func (m *Measures) settle(a *Arrival, early *Early, elsewhere []int64) {
	if early.Count == 0 || 4*int64(within(elsewhere, early.First, early.Last)) > early.Count || !m.settled(a, early) {
		*early = Early{}
	}
	for _, l := range early.lost {
		m.arrived[l] = a
	}
}

// arriveByMarks adds the arrivals that ready marks show.
func (m *Measures) arriveByMarks() {
	for _, mark := range m.run.Marks {
		if mark.Kind != record.MarkReady || mark.Start <= 0 {
			continue
		}
		names := []string{mark.Endpoint}
		if mark.Address != "" && mark.Address != mark.Endpoint {
			names = append(names, mark.Address)
		}
		for _, name := range names {
			if name == "" {
				continue
			}
			m.arrivals[name] = append(m.arrivals[name], &Arrival{Endpoint: name, At: mark.Start, Marked: true, until: m.leaves(name, mark.Start)})
		}
	}
	for _, list := range m.arrivals {
		slices.SortStableFunc(list, func(a, b *Arrival) int { return cmp.Compare(a.At, b.At) })
	}
	for _, e := range m.run.Endpoints {
		if list := m.arrivalsOf(e.Name); len(list) > 0 && (e.FirstConnect < 0 || e.FirstConnect >= list[0].At-analysis.Near) {
			list[0].New = true
		}
	}
}

// arriveByConnections adds the endpoints that have no ready mark, and that
// requests reached for the first time late in the run, long after the others.
func (m *Measures) arriveByConnections() {
	first := map[string]int64{}
	for i := range m.run.Lost {
		l := &m.run.Lost[i]
		if at, ok := first[l.Endpoint]; !ok || l.Start < at {
			first[l.Endpoint] = l.Start
		}
	}
	late := m.late()
	if !slices.ContainsFunc(m.run.Endpoints, func(e record.EndpointSeen) bool { return met(e) >= 0 && met(e) < late }) {
		return
	}
	for _, e := range m.run.Endpoints {
		at, lost := first[e.Name]
		if !lost || met(e) < 0 || len(m.arrivalsOf(e.Name)) > 0 {
			continue
		}
		if at = min(at, met(e)); at >= late {
			m.arrivals[e.Name] = []*Arrival{{Endpoint: e.Name, At: at, New: true, until: m.leaves(e.Name, at)}}
		}
	}
}

// met returns when an endpoint was reached first; -1 for never. Endpoints behind
// one address are known from their responses only.
func met(e record.EndpointSeen) int64 {
	if e.FirstConnect >= 0 {
		return e.FirstConnect
	}
	return e.FirstResponse
}

// late returns the time after which an endpoint that was there from the start
// would long have been reached.
func (m *Measures) late() int64 {
	turn := int64(math.MaxInt64) // one request to each endpoint
	if m.run.Counts.Started > 0 {
		turn = int64(float64(m.run.Duration) / float64(m.run.Counts.Started) * float64(len(m.run.Endpoints)))
	}
	if turn > math.MaxInt64/20 {
		return math.MaxInt64
	}
	return max(m.run.Duration/10, 10*turn, 2*analysis.Near)
}

// leaves returns when an endpoint begins to leave after a time. One that is
// terminating may still be reported ready: it leaves at once. One that has ended
// has made room for another.
func (m *Measures) leaves(endpoint string, at int64) int64 {
	own := m.history(endpoint)
	if own == nil {
		return math.MaxInt64
	}
	if one := own.LifecycleAt(at); one != nil && one.Begin() <= at && one.Exited == analysis.Unknown && one.Killed == analysis.Unknown {
		return at
	}
	return own.NextBegin(at)
}

func (m *Measures) arrivalsOf(endpoint string) []*Arrival {
	if list := m.arrivals[endpoint]; list != nil {
		return list
	}
	return m.arrivals[hostOf(endpoint)]
}

// arrivalAt returns the last arrival of a loss's endpoint before the loss; nil
// if there is none, or if the endpoint was leaving again.
func (m *Measures) arrivalAt(l *record.LostRequest) *Arrival {
	list := m.arrivalsOf(l.Endpoint)
	after, _ := slices.BinarySearchFunc(list, l.End+1, func(a *Arrival, at int64) int { return cmp.Compare(a.At, at) })
	if after == 0 || l.End >= list[after-1].until {
		return nil
	}
	return list[after-1]
}

// isSlow reports whether an established connection brought no response in time.
func isSlow(l *record.LostRequest) bool {
	return analysis.BeyondConnect(l.Class) && l.Class.Cause() == record.CauseTimeout
}

// kind returns where a loss counts; nil if it is of no kind that an arrival
// explains, or began before it.
func (a *Arrival) kind(l *record.LostRequest) *Early {
	switch {
	case a == nil:
		return nil
	case analysis.IsRefusal(l.Class) && l.Start >= a.At:
		return &a.Refused
	case l.Class.Stage() == record.StageStatus && canArrive(l.Class.Status()) && l.Start >= a.At-analysis.Near:
		return &a.Errors
	case isSlow(l) && l.Start >= a.At-analysis.Near:
		return &a.Slow
	}
	return nil
}

// canArrive reports whether an endpoint that cannot serve yet may respond with
// a status. Others, such as 401 or 429, have other reasons.
func canArrive(status int) bool { return status == 404 || status >= 500 }

// settled reports whether the losses come with the arrival and stop after it,
// while the endpoint goes on serving.
func (m *Measures) settled(a *Arrival, early *Early) bool {
	end := min(m.run.Duration, a.until)
	wait := max(2*analysis.Near, m.loss.Gap)
	if early.First > a.At+wait || early.Last-a.At > (end-a.At)/2 {
		return false
	}
	return slices.ContainsFunc(m.run.Endpoints, func(e record.EndpointSeen) bool {
		mine := e.Name == a.Endpoint || hostOf(e.Name) == a.Endpoint
		return mine && max(e.LastResponse, e.LastConnect) > early.Last+Together
	})
}
