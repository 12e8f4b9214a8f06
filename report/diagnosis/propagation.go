package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// propagation is what the losses show of the propagation delay, in ns from the
// start of termination.
type propagation struct {
	met    []*analysis.Lifecycle
	needed int64 // upper bound: from the first termination that can be the cause to the last failure
	least  int64 // lower bound: the same from the last such termination
	out    int64 // until the control plane had removed the last one
	silent bool  // the last failures were not refusals
	open   bool  // failures lasted until the load ended: the delay is unknown
}

func (s *observation) propagationOf(e *evidence) propagation {
	var h propagation
	known := map[*slowRemoval]bool{}
	var met lifecycleSet
	lasts := map[*analysis.Window]*record.LostRequest{}
	for _, l := range e.lost {
		by := s.slowRemovals[l]
		h.reach(l.End, by)
		if w := s.failing(l); lasts[w] == nil || lasts[w].End < l.End {
			lasts[w] = l
		}
		if !known[by] {
			known[by] = true
			h.out = max(h.out, by.out)
			met.add(by.lifecycles)
		}
	}
	last := e.last
	for w, l := range lasts {
		h.reach(w.End, s.slowRemovals[l])
		last = max(last, w.End)
	}
	h.met = met.list
	h.silent = last > e.last
	h.open = last+s.loss.Gap >= s.loss.Event.LoadOver || !s.respondedAfter(last)
	return h
}

// reach extends the bounds to a failure.
func (h *propagation) reach(at int64, by *slowRemoval) {
	h.needed = max(h.needed, at-by.first)
	h.least = max(h.least, at-by.last)
}

// early reports whether the last failure came before the control plane had
// removed every endpoint.
func (h *propagation) early() bool { return !h.open && h.needed <= h.out }

// how says how connections failed.
func (h *propagation) how() string {
	if h.silent {
		return "connections were refused, then got no reply, until "
	}
	return "connections were refused until "
}

// until says for how long after termination connections failed.
func (h *propagation) until() string {
	text := phrase.Duration(h.needed)
	if h.needed-h.least > analysis.Near {
		text = fmt.Sprintf("%s to %s", phrase.Duration(h.least), phrase.Duration(h.needed))
	}
	if h.open {
		return "the load ended, " + text + " after termination began"
	}
	return text + " after termination began"
}
