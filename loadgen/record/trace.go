package record

import (
	"sync"

	"nodrop/loadgen/safetext"
)

// Trace lists the steps of one lost request, as evidence for the count.
type Trace struct {
	Start    int64       `json:"startNs"` // from the run's start
	Class    Class       `json:"class"`
	Endpoint string      `json:"endpoint,omitempty"`
	Steps    []TraceStep `json:"steps"`
}

// TraceStep is one event of that request.
type TraceStep struct {
	At    int64  `json:"atNs"` // from the run's start
	What  string `json:"what"`
	Error string `json:"error,omitempty"` // with its errno, if any
}

// Traces keeps the first traces, up to Limit.
type Traces struct {
	Limit   int
	Secrets safetext.Secrets // to mask in texts

	mu   sync.Mutex // guards list
	List []Trace
}

// Add keeps a trace if there is room for it.
func (t *Traces) Add(r *Result, endpoint string, steps []TraceStep) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.List) >= t.Limit {
		return
	}
	steps = append([]TraceStep{}, steps...)
	for i := range steps {
		steps[i].What, steps[i].Error = safetext.MaskText(t.Secrets.Mask(steps[i].What)), safetext.MaskText(t.Secrets.Mask(steps[i].Error))
	}
	t.List = append(t.List, Trace{r.Start, r.Class, endpoint, steps})
}

// Full reports whether no further trace will be kept.
func (t *Traces) Full() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.List) >= t.Limit
}
