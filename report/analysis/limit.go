package analysis

import (
	"math"

	"nodrop/loadgen/record"
)

// Limits is the smallest loss that a run could have detected: what "0 lost"
// cannot rule out.
type Limits struct {
	// UpperBound is the loss ratio that a run of this size misses 1 time in 20.
	UpperBound float64
	Of         int     // number of endpoints
	Rate       float64 // requests/s of the run, or of the event if lower
}

// BoundOfNone is the share that 0 of n cannot rule out: 1 − 0.05^(1/n), the
// one-sided 95 % bound. n is at least 1.
func BoundOfNone(n int64) float64 { return 1 - math.Pow(0.05, 1/float64(n)) }

// findLimits computes the limits from the counts and the time bins.
func findLimits(run *record.Run, event Event) Limits {
	l := Limits{Of: max(1, EndpointCount(run))}
	if n := run.Counts.OK + run.Counts.Lost - turnedAway(run); n > 0 {
		l.UpperBound = BoundOfNone(n)
	}
	if run.Duration > 0 {
		l.Rate = float64(run.Counts.Started) / Seconds(run.Duration)
	}
	// Bins at the edges count whole, which matters less the longer the event
	// is.
	if length := event.End - event.Begin; event.Known && length >= 20*run.Bins.Width && length > 0 {
		during := float64(run.Bins.StartedBetween(event.Begin, event.End)) / Seconds(length)
		l.Rate = min(l.Rate, during)
	}
	return l
}

// Smallest returns the shortest outage of k endpoints that the run would have
// met 19 times in 20, in ns: 3m/(k·R), from P(none) = e^(−R·W·k/m). Without
// load it returns the largest int64.
func (l Limits) Smallest(k int) int64 {
	w := 3 * float64(l.Of) / (float64(max(1, k)) * l.Rate) * 1e9
	if l.Rate == 0 || w > math.MaxInt64/2 {
		return math.MaxInt64
	}
	return int64(w)
}
