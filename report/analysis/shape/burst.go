package shape

import (
	"cmp"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Burst is a large number of fresh connections to one endpoint that were reset at one
// instant, with nothing received on any of them. When a process exits, the
// kernel ends the connections whose requests it had read with a FIN, and resets
// those that nobody had accepted or read.
type Burst struct {
	Begin, End int64 // ns
	Resets     int
	Others     int  // other cuts of the endpoint at that time: EOFs, on reused connections, within a response
	Refused    bool // its refusals begin at that time
	Accepted   bool // it accepted connections later, and refused none at that time
}

// many is how many resets at one instant are more than a coincidence.
const many = 10

// Queued reports whether the connections were waiting in an accept queue: the
// listener closed, and another one took over, or nothing did.
func (b *Burst) Queued() bool {
	return b.Others == 0 && (b.Refused || b.Accepted)
}

// BurstOf returns the burst of resets that a loss belongs to; nil if there is
// none.
func (m *Measures) BurstOf(l *record.LostRequest) *Burst { return m.bursts[l] }

// unheard reports whether a fresh connection was reset with nothing received.
func unheard(l *record.LostRequest) bool { return !l.Reused && silentReset(l) }

// silentReset reports whether a connection was reset with nothing received for
// the request.
func silentReset(l *record.LostRequest) bool {
	return l.Class.Cause() == record.CauseReset && (analysis.Unresponded(l.Class) || l.Class.Stage() == record.StageTLS)
}

// Unheard counts the losses that a closed accept queue may explain.
func Unheard(lost []*record.LostRequest) int {
	n := 0
	for _, l := range lost {
		if unheard(l) {
			n++
		}
	}
	return n
}

// endings are the losses of one endpoint that bursts are made of, each in order
// of time.
type endings struct {
	resets           []*record.LostRequest
	others, refusals []int64 // ns
}

// findBursts groups the resets of each endpoint.
func (m *Measures) findBursts() {
	m.bursts = map[*record.LostRequest]*Burst{}
	of := map[string]*endings{}
	for i := range m.run.Lost {
		l := &m.run.Lost[i]
		e := of[l.Endpoint]
		if e == nil {
			e = &endings{}
			of[l.Endpoint] = e
		}
		switch {
		case m.Fresh(l) && silentReset(l):
			e.resets = append(e.resets, l)
		case analysis.IsCut(l.Class) || analysis.IsTLSCut(l.Class) && l.Class.Cause() != record.CauseTimeout:
			e.others = append(e.others, l.End)
		case analysis.IsRefusal(l.Class):
			e.refusals = append(e.refusals, l.End)
		}
	}
	for endpoint, e := range of {
		slices.SortStableFunc(e.resets, func(a, b *record.LostRequest) int { return cmp.Compare(a.End, b.End) })
		slices.Sort(e.others)
		slices.Sort(e.refusals)
		for from, list := 0, e.resets; from < len(list); {
			to := from + 1
			for to < len(list) && list[to].End-list[to-1].End <= Together {
				to++
			}
			m.addBurst(endpoint, e, list[from:to])
			from = to
		}
	}
}

func (m *Measures) addBurst(endpoint string, e *endings, resets []*record.LostRequest) {
	if m.connections(resets) < many {
		return
	}
	b := &Burst{Begin: resets[0].End, End: resets[len(resets)-1].End, Resets: len(resets)}
	if b.End-b.Begin > analysis.Near || m.balancerCut(b.Begin, b.End) {
		return // a stretch of resets, not an instant; or the balancer's doing
	}
	b.Others = within(e.others, b.Begin-Together, b.End+Together)
	soon := max(analysis.Near, m.loss.Gap)
	refused := within(e.refusals, b.Begin-Together, b.End+soon)
	b.Refused = refused > 0 && within(e.refusals, b.Begin-soon, b.Begin-Together-1) == 0
	b.Accepted = refused == 0 && m.seen[endpoint].LastConnect > b.End+Together
	for _, l := range resets {
		m.bursts[l] = b
	}
}

// within counts the ordered times in [from, to].
func within(ordered []int64, from, to int64) int {
	first, _ := slices.BinarySearch(ordered, from)
	end, _ := slices.BinarySearch(ordered, to+1)
	return max(0, end-first)
}
