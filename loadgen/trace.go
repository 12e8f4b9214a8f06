package loadgen

import "sync"

// Trace is one lost request told step by step, for a person who does not
// believe the count.
type Trace struct {
	Start    int64       `json:"startNs"` // from the run's start
	Class    Class       `json:"class"`
	Endpoint string      `json:"endpoint,omitempty"`
	Steps    []TraceStep `json:"steps"`
}

// TraceStep is one thing that happened to it.
type TraceStep struct {
	At    int64  `json:"atNs"` // from the run's start
	What  string `json:"what"`
	Error string `json:"error,omitempty"` // with its errno, if it has one
}

// traces keeps the first few.
type traces struct {
	limit   int
	secrets Secrets // not to be in texts

	mu   sync.Mutex // guards list
	list []Trace
}

// add keeps a trace if there is room for it.
func (t *traces) add(r *Result, endpoint string, steps []TraceStep) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.list) >= t.limit {
		return
	}
	steps = append([]TraceStep{}, steps...)
	for i := range steps {
		steps[i].What, steps[i].Error = MaskText(t.secrets.Mask(steps[i].What)), MaskText(t.secrets.Mask(steps[i].Error))
	}
	t.list = append(t.list, Trace{r.Start, r.Class, endpoint, steps})
}

// full reports that no further trace will be kept.
func (t *traces) full() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.list) >= t.limit
}
