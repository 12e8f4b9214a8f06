package shape

import (
	"math"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Time is when losses happened, relative to the event and to the whole run.
// Its times are in ns from the run's start.
type Time struct {
	First, Last int64
	// Of the losses: those before the event began, during it, and after its
	// end. All are 0 without an event.
	Before, During, After int64
	Spread                bool  // no event, and losses all over the run
	Recovered             bool  // a request succeeded after the last of them
	Ready                 int64 // of the ready mark that they end with; analysis.Unknown if there is none
}

// Times returns when losses happened. There must be at least one.
func (m *Measures) Times(lost []*record.LostRequest) Time {
	t := Time{First: math.MaxInt64, Last: math.MinInt64}
	var parts [10]bool
	event := m.loss.Event
	for _, l := range lost {
		from, until := analysis.FailedAt(l, analysis.Near)
		t.First, t.Last = min(t.First, from), max(t.Last, until)
		parts[m.part(from)] = true
		switch {
		case !event.Known:
		case until < event.Begin:
			t.Before++
		case from > event.End:
			t.After++
		default:
			t.During++
		}
	}
	covered := 0
	for _, some := range parts {
		if some {
			covered++
		}
	}
	t.Spread = !m.Eventful() && covered >= 8
	t.Recovered = m.succeeded(t.Last, math.MaxInt64)
	t.Ready = m.readyAt(t.First, t.Last)
	return t
}

// part returns in which tenth of the run a time lies.
func (m *Measures) part(at int64) int {
	if m.run.Duration <= 0 {
		return 0
	}
	return int(max(0, min(9, float64(at)/float64(m.run.Duration)*10)))
}

// succeeded reports whether a request succeeded in a bin that began in (from,
// to]; from -1 is the start of the run.
func (m *Measures) succeeded(from, to int64) bool {
	bins := &m.run.Bins
	if bins.Width == 0 {
		return false
	}
	first := int64(0)
	if from >= 0 {
		first = from/bins.Width + 1
	}
	for i := first; i < int64(len(bins.List)) && i <= to/bins.Width; i++ {
		if bins.List[i].OK > 0 {
			return true
		}
	}
	return false
}

// readySlack is how long after an endpoint began to serve its ready mark may
// come, in ns: scenarios and control planes look from time to time.
const readySlack = 200_000_000

// readyAt returns the last ready mark that losses may have ended with; Unknown
// if there is none.
func (m *Measures) readyAt(first, last int64) int64 {
	at := int64(analysis.Unknown)
	for _, mark := range m.run.Marks {
		if mark.Kind == record.MarkReady && mark.Start > first && analysis.Within(mark.Start, last, last+readySlack) {
			at = mark.Start
		}
	}
	return at
}

// readyIn returns the last ready mark in an outage, or right after it; Unknown if
// there is none. A balancer may send connections to the new endpoint only some
// time after that.
func (m *Measures) readyIn(begin, end int64) int64 {
	at := int64(analysis.Unknown)
	for _, mark := range m.run.Marks {
		if mark.Kind == record.MarkReady && mark.Start > begin && mark.Start <= end+readySlack {
			at = mark.Start
		}
	}
	return at
}

// Rhythm is an even interval at which losses come back.
type Rhythm struct {
	Period int64   // ns; 0 if there is none
	Times  int     // number of windows
	Uneven float64 // coefficient of variation of the intervals
}

// mostUneven is the largest coefficient of variation of even intervals.
const mostUneven = 0.1

// Rhythm returns the interval at which the run's losses come back. It needs
// four windows or more. Where something was done to the target, one of them
// must have come before it: replicas that leave one after the other make even
// intervals as well.
func (m *Measures) Rhythm() Rhythm {
	windows := m.loss.Windows
	n := len(windows) - 1
	if n < 3 || m.Eventful() && windows[0].End >= m.begin() {
		return Rhythm{}
	}
	mean := float64(windows[n].Begin-windows[0].Begin) / float64(n)
	var squares float64
	for i := range n {
		d := float64(windows[i+1].Begin-windows[i].Begin) - mean
		squares += d * d
	}
	r := Rhythm{int64(mean), n + 1, math.Sqrt(squares/float64(n)) / mean}
	if mean < 1 || r.Uneven > mostUneven || m.ownRhythm(r.Period) {
		return Rhythm{}
	}
	return r
}

// begin returns when the event, or the first mark, began.
func (m *Measures) begin() int64 {
	if m.loss.Event.Known {
		return m.loss.Event.Begin
	}
	return m.loss.Baseline.Until
}

// ownRhythm reports whether the load itself has the interval: the ticks of -q,
// or a timeout after which every worker tries again.
func (m *Measures) ownRhythm(period int64) bool {
	settings := &m.run.Settings
	alike := func(other float64) bool { return math.Abs(float64(period)-other) <= other/5 }
	if rate := settings.Rate; rate > 0 && (alike(1e9/rate) || alike(2e9/rate)) {
		return true
	}
	for _, c := range m.loss.Classes {
		if c.Class.Cause() == record.CauseTimeout && (alike(float64(settings.Timeout)) || alike(float64(settings.ConnectTimeout))) {
			return true
		}
	}
	return false
}
