package analysis

import (
	"nodrop/loadgen/record"
)

// Slower sets latencies of responses during the event, and inside the windows,
// beside those of the baseline.
type Slower struct {
	Known           bool
	Baseline, Event LatencyBound
}

// LatencyBound is a distribution of which little is kept: 99 percent were
// below P99, which may be up to twice too high; ns.
type LatencyBound struct {
	Count    int64
	P99, Max int64
}

// findSlower compares whole bins: those before the first mark with those of
// the event.
func findSlower(run *record.Run, l *Loss) Slower {
	if !l.Event.Known || !l.Baseline.Known || l.Baseline.Until < run.Bins.Width {
		return Slower{}
	}
	before := run.Bins.LatencyBetween(0, l.Baseline.Until-run.Bins.Width)
	during := run.Bins.LatencyBetween(l.Event.Begin, l.Event.End)
	return Slower{before.Count() > 0 && during.Count() > 0, latencyBound(before), latencyBound(during)}
}

func latencyBound(s record.Sketch) LatencyBound {
	return LatencyBound{s.Count(), s.Percentile(99), s.Max}
}

// Notable reports that answers came later by more than the bounds' coarseness.
func (s Slower) Notable() bool { return s.Known && s.Event.P99 > 2*s.Baseline.P99 }
