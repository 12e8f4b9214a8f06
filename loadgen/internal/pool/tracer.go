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

// maxSteps bounds what is noted of one request: a response of many pieces is
// many steps. The last half are the last.
const maxSteps = 200

// tracer notes the steps of the request under way. Where there is none, nothing
// is to be computed for it either: requests are many, and traces few.
type tracer struct {
	mu    sync.Mutex // guards what follows: reading and writing may go on at a time
	steps []record.TraceStep
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
	t.steps = append(t.steps, record.TraceStep{At: at, What: safetext.Bounded(fmt.Sprintf(format, args...)), Error: safetext.Bounded(errnoText(err))})
}

// errnoText is an error's cause with the number that the kernel gave it.
func errnoText(err error) string {
	if err == nil {
		return ""
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return fmt.Sprintf("%s (errno %d)", wire.Reason(err), int(errno))
	}
	return wire.Reason(err)
}
