package loadgen

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
)

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

// maxSteps bounds what is noted of one request: a response of many pieces is
// many steps. The last half are the last.
const maxSteps = 200

// tracer notes the steps of the request under way. Where there is none, nothing
// is to be computed for it either: requests are many, and traces few.
type tracer struct {
	mu    sync.Mutex // guards what follows: reading and writing may go on at a time
	steps []TraceStep
	left  int // out, from among them
}

func (t *tracer) note(at int64, err error, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.steps) == maxSteps {
		const middle = maxSteps / 2
		t.left++
		t.steps[middle].What, t.steps[middle].Error = fmt.Sprintf("%d steps are left out", t.left+1), ""
		t.steps = slices.Delete(t.steps, middle+1, middle+2)
	}
	t.steps = append(t.steps, TraceStep{At: at, What: bounded(fmt.Sprintf(format, args...)), Error: bounded(errnoText(err))})
}

// errnoText is an error's cause with the number that the kernel gave it.
func errnoText(err error) string {
	if err == nil {
		return ""
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return fmt.Sprintf("%s (errno %d)", reason(err), int(errno))
	}
	return reason(err)
}
