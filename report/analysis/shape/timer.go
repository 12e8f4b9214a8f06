package shape

import (
	"cmp"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Timer is an instant, some time after a process's stop signal, at which
// everything that it still had open was cut, whatever its age.
type Timer struct {
	Lifecycle *analysis.Lifecycle
	At        int64 // ns; when the first of them was cut
	Cut       int
	// Lived: the process was alive after that. Otherwise no mark and no
	// response shows whether it was.
	Lived bool
	// Named: marks name the endpoint. Otherwise a balancer in front of the process
	// may have cut its connections.
	Named bool
	// Exits is how long after the last of them the process exited, in ns, if that
	// was soon and it served nothing in between: the cut was part of its end. A
	// parent process may take that long to notice that its workers have exited.
	// 0 otherwise.
	Exits int64
}

// After is the time from the stop signal to the cut, in ns.
func (t *Timer) After() int64 { return t.At - t.Lifecycle.Signalled }

// TimerOf returns the instant at which a loss was cut together with others; nil
// if there is none.
func (m *Measures) TimerOf(l *record.LostRequest) *Timer { return m.timers[l] }

// findTimers groups the cuts of each signalled endpoint.
func (m *Measures) findTimers() {
	m.timers = map[*record.LostRequest]*Timer{}
	signalled := slices.ContainsFunc(m.loss.Lifecycles, func(l analysis.Lifecycle) bool { return l.Signalled != analysis.Unknown })
	if !signalled {
		return
	}
	cuts := map[*analysis.Lifecycle][]*record.LostRequest{}
	for i := range m.run.Lost {
		l := &m.run.Lost[i]
		if !analysis.IsCut(l.Class) {
			continue
		}
		if own := m.lifecycleOf(l); own != nil && own.Signalled != analysis.Unknown && l.End > own.Signalled {
			cuts[own] = append(cuts[own], l)
		}
	}
	for own, list := range cuts {
		slices.SortStableFunc(list, func(a, b *record.LostRequest) int { return cmp.Compare(a.End, b.End) })
		m.addTimer(own, list)
	}
}

// addTimer adds the instant at which nearly all of an endpoint's cuts happened.
func (m *Measures) addTimer(own *analysis.Lifecycle, list []*record.LostRequest) {
	const few, soon = 3, 6 * analysis.Near
	most, first, begin := 0, 0, 0
	for i := range list {
		for list[i].End-list[first].End > readWithin(list[first].End-own.Signalled) {
			first++
		}
		if i-first+1 > most {
			most, begin = i-first+1, first
		}
	}
	group := list[begin : begin+most]
	t := &Timer{Lifecycle: own, At: group[0].End, Cut: most}
	last := group[most-1].End
	if m.connections(group) < few || 10*most < 8*len(list) || t.After() <= 2*analysis.Near || m.endedAt(own, t.At, last) {
		return
	}
	endpoint := group[0].Endpoint
	t.Named = m.history(endpoint) != nil
	if t.Named && own.Exited-last <= soon && m.seen[endpoint].LastResponse <= last+Together {
		t.Exits = max(0, own.Exited-last) // not if the exit is unknown
	}
	if t.Exits == 0 && !m.ofAnyAge(group) {
		return
	}
	t.Lived = own.Exited != analysis.Unknown || t.Named && m.seen[endpoint].LastResponse > last+Together
	for _, l := range group {
		m.timers[l] = t
	}
}

// readWithin returns over what time nodrop may read what was cut together some
// time after the stop signal, in ns: a busy machine reads one after the other,
// and cuts so. A tenth of the time since the signal is still one instant.
func readWithin(after int64) int64 { return max(analysis.Near, min(after/10, mostReadWithin)) }

// mostReadWithin is the longest time over which it may do so, in ns.
const mostReadWithin = 4 * analysis.Near

// ofAnyAge reports whether requests that were cut together were not cut by a
// limit for each of them: it would cut at one age, and would have cut a response
// that took longer. No request is cut before its limit: it would have cut most
// responses if these took longer than the youngest.
func (m *Measures) ofAnyAge(group []*record.LostRequest) bool {
	ages, ok := m.AgesOf(group), &m.run.Latency.OK
	return ages.Mixed() || ages.Most+m.RoundTrip < ok.Max || ages.Least+m.RoundTrip < ok.Percentile(50)
}

// endedAt reports whether marks explain a cut: the process exited or was killed
// then, or the balancer cut its connections.
func (m *Measures) endedAt(own *analysis.Lifecycle, from, to int64) bool {
	for _, at := range [...]int64{own.Exited, own.Killed} {
		if at != analysis.Unknown && at <= to+analysis.Near {
			return true
		}
	}
	if may, _ := own.ExitedAt(to); may { // the mark of the exit may be late
		return true
	}
	return m.balancerCut(from, to)
}

// balancerCut reports whether a mark shows that the balancer cut connections
// at that time.
func (m *Measures) balancerCut(from, to int64) bool {
	return slices.ContainsFunc(m.run.Marks, func(mark record.Mark) bool {
		return mark.Kind == record.MarkConnectionsCut && analysis.Within(mark.Start, from, to)
	})
}
