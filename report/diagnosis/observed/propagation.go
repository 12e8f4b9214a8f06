package observed

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// Propagation is what the losses show of the propagation delay, in ns from the
// start of termination.
type Propagation struct {
	Met    []*analysis.Lifecycle
	Needed int64 // upper bound: from the first termination that can be the cause to the last failure
	Least  int64 // lower bound: the same from the last such termination
	Out    int64 // until the control plane had removed the last one
	silent bool  // the last failures were not refusals
	Open   bool  // failures lasted until the load ended: the delay is unknown
}

// PropagationOf measures how late the balancer removed the endpoints that lost
// the requests.
func (s *Observation) PropagationOf(e *Evidence) Propagation {
	var h Propagation
	known := map[*slowRemoval]bool{}
	var met lifecycleSet
	lasts := map[*analysis.Window]*record.LostRequest{}
	for _, l := range e.Lost {
		by := s.SlowRemovals[l]
		h.reach(l.End, by)
		if w := s.failing(l); lasts[w] == nil || lasts[w].End < l.End {
			lasts[w] = l
		}
		if !known[by] {
			known[by] = true
			h.Out = max(h.Out, by.out)
			met.add(by.lifecycles)
		}
	}
	last := e.Last
	for w, l := range lasts {
		h.reach(w.End, s.SlowRemovals[l])
		last = max(last, w.End)
	}
	h.Met = met.list
	h.silent = last > e.Last
	h.Open = last+s.Loss.Gap >= s.Loss.Event.LoadOver || !s.respondedAfter(last)
	return h
}

// reach extends the bounds to a failure.
func (h *Propagation) reach(at int64, by *slowRemoval) {
	h.Needed = max(h.Needed, at-by.first)
	h.Least = max(h.Least, at-by.last)
}

// Early reports whether the last failure came before the control plane had
// removed every endpoint.
func (h *Propagation) Early() bool { return !h.Open && h.Needed <= h.Out }

// How says how connections failed.
func (h *Propagation) How() string {
	if h.silent {
		return "connections were refused, then got no reply, until "
	}
	return "connections were refused until "
}

// Until says for how long after termination connections failed.
func (h *Propagation) Until() string {
	text := phrase.Duration(h.Needed)
	if h.Needed-h.Least > analysis.Near {
		text = fmt.Sprintf("%s to %s", phrase.Duration(h.Least), phrase.Duration(h.Needed))
	}
	if h.Open {
		return "the load ended, " + text + " after termination began"
	}
	return text + " after termination began"
}
