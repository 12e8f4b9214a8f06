package shape

import (
	"math"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Cut says what the ages of requests show about how they were cut.
type Cut int

// The kinds of cut.
const (
	Unclear  Cut = iota // the ages fit several kinds
	Race                // each about one round trip after it was sent: the connection was being closed already
	InFlight            // at any age up to the response time
)

// Ages is how long requests had been under way when they were cut, in ns, the
// connection's round trip left out.
type Ages struct {
	Kind                Cut
	Least, Median, Most int64
	Quick               int   // cut within a round trip or two, with nothing received, on a reused connection
	Together            int   // most that were cut at one instant
	Apart               int64 // from the first cut to the last
	// For how long the connections had carried nothing before, in ns; 0 if that
	// is not known of all of them.
	LeastIdle, MostIdle int64
	// Alike: responses take about as long as a round trip, so the ages show
	// nothing. Unmeasured: how long a round trip takes is not known.
	Alike, Unmeasured bool
}

// Mixed reports whether the ages differ by more than a limit for each request
// lets them. What a busy machine reads late looks older than it was.
func (a *Ages) Mixed() bool {
	return a.Most-a.Least > 2*max(analysis.Near, min(a.Apart, mostReadWithin))
}

// AgesOf measures requests that were cut. There must be at least one.
func (m *Measures) AgesOf(lost []*record.LostRequest) Ages {
	ages, ends := make([]int64, len(lost)), make([]int64, len(lost))
	a := Ages{Alike: m.RoundTrip > 0 && m.Response < 4*m.RoundTrip, Unmeasured: m.RoundTrip == 0}
	slowest := int64(0) // of the quick ones
	for i, l := range lost {
		ages[i], ends[i] = m.age(l), l.End
		if m.Quick(l) {
			a.Quick++
			slowest = max(slowest, ages[i])
		}
	}
	a.LeastIdle, a.MostIdle = idle(lost)
	slices.Sort(ages)
	slices.Sort(ends)
	a.Least, a.Median, a.Most = ages[0], ages[len(ages)/2], ages[len(ages)-1]
	most, instants := together(ends)
	a.Together, a.Apart = most, ends[len(ends)-1]-ends[0]
	switch {
	case a.Alike, a.Unmeasured:
	case !m.Eventful() && a.MostIdle > 0 && a.MostIdle < m.RoundTrip: // no connection was idle
	case 10*a.Quick >= 9*len(lost) && m.chance(slowest, len(lost), instants) <= 0.05:
		a.Kind = Race
	case 10*a.Quick <= len(lost) && a.Most > m.quick():
		a.Kind = InFlight
	}
	return a
}

// idle returns the shortest and the longest idle time of the connections; 0 if
// it is not known of all of them.
func idle(lost []*record.LostRequest) (least, most int64) {
	least = math.MaxInt64
	for _, l := range lost {
		least, most = min(least, l.Idle), max(most, l.Idle)
	}
	if least <= 0 {
		return 0, 0
	}
	return least, most
}

// age returns how long a request had been under way, without its handshake.
func (m *Measures) age(l *record.LostRequest) int64 {
	if l.Reused {
		return l.End - l.Start
	}
	return max(0, l.End-l.Start-m.RoundTrip)
}

// quick returns how soon after it was sent a request on a closing connection
// fails at the latest: a round trip, and some time for a busy machine.
func (m *Measures) quick() int64 {
	const busy = 1_000_000
	return max(2*m.RoundTrip, min(m.Response/20, busy))
}

// Quick reports whether a request failed as soon as one does that is sent on a
// connection that the server is closing.
func (m *Measures) Quick(l *record.LostRequest) bool {
	if c := m.carried[l.Connection]; c != nil && c.aged {
		return false // the connection ended under older requests as well
	}
	return l.Reused && analysis.IsCut(l.Class) && analysis.Unresponded(l.Class) && m.age(l) <= m.quick()
}

// chance returns how probable it is that requests in flight are all this young
// when something cuts them. With -q, workers send at the same moments, so that
// the requests cut at one instant count as one. So they do on connections that
// requests shared.
func (m *Measures) chance(age int64, n, instants int) float64 {
	if m.run.Settings.Rate > 0 || m.carried != nil {
		n = instants
	}
	return math.Pow(float64(age)/float64(max(1, m.Response)), float64(n))
}

// together returns how many of the ordered times lie closest together, and the
// number of separate instants.
func together(ordered []int64) (most, instants int) {
	first := 0
	for i, at := range ordered {
		for at-ordered[first] > Together {
			first++
		}
		most = max(most, i-first+1)
		if i == 0 || at-ordered[i-1] > Together {
			instants++
		}
	}
	return most, instants
}
