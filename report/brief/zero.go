package brief

import "nodrop/report"

// Zero is what it proves that an arm lost nothing.
type Zero struct {
	Arm   string
	Bound float64 // ratio that may be lost all the same, with 95 % confidence
	Event bool
	// The shortest outage that the load would have met 19 times in 20, in ns: of
	// one of the endpoints, and of as many as left.
	Of       int
	Shortest int64 // the largest int64 if the load would have met none
	Leaving  int
	OfThose  int64 // 0 for fewer than two
}

// ZeroOf returns what the zero of a run proves; false if the run lost something,
// or if nothing was ok.
func ZeroOf(r *report.RunReport) (Zero, bool) {
	l := &r.Loss.Limits
	z := Zero{Bound: l.UpperBound, Event: r.Loss.Event.Known, Of: l.Of, Shortest: l.Smallest(1)}
	if z.Leaving = r.Loss.Leaving(); z.Leaving > 1 {
		z.OfThose = l.Smallest(z.Leaving)
	}
	return z, r.Run.Counts.Lost == 0 && r.Run.Counts.OK > r.Loss.Streams.TurnedAway
}

// zerosOf returns what the arms without losses prove. Of several runs, the first
// speaks for all: they send alike.
func zerosOf(arms []Arm) []Zero {
	var list []Zero
	for i := range arms {
		z, ok := ZeroOf(&arms[i].Worst)
		if ok {
			z.Arm = arms[i].Name
			list = append(list, z)
		}
	}
	return list
}
