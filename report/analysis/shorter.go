package analysis

import (
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/length"
)

// Shorter compares the lengths of bodies during the event with those before it,
// where the responses did not say how long their bodies are: one that was cut
// short then looks complete.
type Shorter struct {
	Known  bool         // there was an event; if not, the first mark takes its place
	Before length.Range // bodies that ended before the first mark
	Event  length.Range // those from then until a second after the last mark
	Short  length.Range // of Event: shorter than all of Before
	far    int64        // of Short: by more than Before's lengths differ from each other
	other  bool         // the last bodies of the run were all as short: the target has other content now
}

const (
	settleTime = 1_000_000_000 // ns; how long after its last mark an event may still cut bodies

	// How many bodies must have come before the event: fewer if all had one
	// length.
	enoughBodies, enoughSameBodies = 100, 30

	leastShort = 3
	lastBodies = 10 // that tell whether the content changed
)

func findShorter(run *record.Run, baseline *Baseline, event *Event) Shorter {
	var s Shorter
	if !baseline.Known || run.Settings.ExpectBody != "" { // the user says what a body must be
		return s
	}
	s.Known = event.Known
	begin := baseline.Until
	end := max(begin, event.End) + settleTime
	s.Before = run.Lengths.Before(begin)
	s.Event, s.Short = run.Lengths.Since(begin, end, s.Before.Min)
	_, far := run.Lengths.Since(begin, end, s.Before.Min-(s.Before.Max-s.Before.Min))
	s.far = far.Count
	last := run.Lengths.Last(lastBodies, begin)
	s.other = last.Count > 0 && last.Max < s.Before.Min
	return s
}

// Notable reports whether bodies were shorter during the event only, and more of
// them than chance explains.
func (s Shorter) Notable() bool {
	enough := s.Before.Count >= enoughBodies || s.Before.Count >= enoughSameBodies && s.Before.Min == s.Before.Max
	if !enough || s.Short.Count < leastShort || s.other {
		return false
	}
	return s.far >= leastShort || s.chance() < 0.01
}

// chance is the probability that the shortest bodies of both times all fall into
// the event, if the event has no effect.
func (s Shorter) chance() float64 {
	p := 1.0
	for i := range min(s.Short.Count, 1000) { // beyond that, p is 0 or close to 1
		p *= float64(s.Event.Count-i) / float64(s.Before.Count+s.Event.Count-i)
	}
	return p
}
