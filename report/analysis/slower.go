package analysis

import (
	"nodrop/loadgen/record"
)

// Slower compares response latencies during the event with those of the
// baseline.
type Slower struct {
	Known           bool
	Baseline, Event LatencyBound
	slow            int64 // of Event: slower than 99 percent of Baseline, beyond the coarseness of the bounds
}

// leastSlow is how many slow responses are no coincidence.
const leastSlow = 3

// LatencyBound summarizes a coarse latency distribution, in ns: 99 percent of
// latencies are below P99, which may be up to twice too high.
type LatencyBound struct {
	Count    int64
	P99, Max int64
}

// findSlower compares the whole bins before the first mark with those of the
// event.
func findSlower(run *record.Run, baseline *Baseline, event *Event) Slower {
	if !event.Known || !baseline.Known || baseline.Until < run.Bins.Width {
		return Slower{}
	}
	before := run.Bins.LatencyBetween(0, baseline.Until-run.Bins.Width)
	during := run.Bins.LatencyBetween(event.Begin, event.End)
	s := Slower{Known: before.Count() > 0 && during.Count() > 0, Baseline: latencyBound(before), Event: latencyBound(during)}
	s.slow = during.Above(s.Baseline.P99)
	return s
}

func latencyBound(s record.Sketch) LatencyBound {
	return LatencyBound{s.Count(), s.Percentile(99), s.Max}
}

// Notable reports whether responses slowed down by more than the coarseness of
// the bounds. A few slow ones happen at any time, and are more than one percent
// of a short event.
func (s Slower) Notable() bool {
	return s.Known && s.Event.P99 > 2*s.Baseline.P99 && s.slow >= leastSlow
}
