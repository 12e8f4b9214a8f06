package pool

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"

	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// maxSteps is the most steps kept of one request: a response in many pieces
// makes many steps. The first half and the last half are kept.
const maxSteps = 200

// tracer records the steps of the current request. Without a tracer, callers
// must not compute its arguments either: requests are many, and traces few.
type tracer struct {
	mu    sync.Mutex // guards what follows: reading and writing may run at the same time
	steps []record.TraceStep
	left  int // how many steps were left out
}

func (t *tracer) note(at int64, err error, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.steps) == maxSteps {
		const middle = maxSteps / 2
		t.left++
		t.steps[middle].What, t.steps[middle].Error = fmt.Sprintf("%d steps omitted", t.left+1), ""
		t.steps = slices.Delete(t.steps, middle+1, middle+2)
	}
	t.steps = append(t.steps, record.TraceStep{At: at, What: safetext.Bounded(fmt.Sprintf(format, args...)), Error: safetext.Bounded(errnoText(err))})
}

// errnoText returns an error's cause, with the kernel's error number if there
// is one.
func errnoText(err error) string {
	if err == nil {
		return ""
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return fmt.Sprintf("%s (errno %d)", wire.Reason(err), int(errno))
	}
	return wire.Reason(err)
}
