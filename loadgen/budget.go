package loadgen

import (
	"sync"
	"sync/atomic"
	"time"
)

// budget hands out the planned requests one at a time, and counts those never
// handed out. It is the only thing that all workers share.
type budget struct {
	n        int64         // requests to hand out; 0 = only duration limits them
	duration time.Duration // when to end; 0 = only n limits the run

	issued atomic.Int64
	held   atomic.Bool // n and duration are minimums until released
	over   chan struct{}
	once   sync.Once
}

func newBudget(n int64, d time.Duration) *budget {
	return &budget{n: n, duration: d, over: make(chan struct{})}
}

// Take claims one request that starts at elapsed. false means that the run is
// over, for every worker.
func (b *budget) Take(elapsed time.Duration) bool {
	for !b.ended() {
		issued := b.issued.Load()
		if b.spent(issued, elapsed) {
			b.end()
			return false
		}
		if b.issued.CompareAndSwap(issued, issued+1) {
			b.check(elapsed)
			return true
		}
	}
	return false
}

// ended reports whether there are no more requests.
func (b *budget) ended() bool {
	select {
	case <-b.over:
		return true
	default:
		return false
	}
}

// check closes over if nothing is left, so that no worker waits for a turn that
// will not come.
func (b *budget) check(elapsed time.Duration) {
	if b.spent(b.issued.Load(), elapsed) {
		b.end()
	}
}

func (b *budget) spent(issued int64, elapsed time.Duration) bool {
	if b.held.Load() {
		return false
	}
	if b.duration > 0 {
		return elapsed >= b.duration
	}
	return issued >= b.n
}

// end stops the budget for good.
func (b *budget) end() { b.once.Do(func() { close(b.over) }) }

// planned is the number of requests that the run was to make: n or, if more were
// handed out while it was held, or if a duration decided, the number handed out.
func (b *budget) planned() int64 {
	if b.duration > 0 {
		return b.issued.Load()
	}
	return max(b.n, b.issued.Load())
}

// unsent is the number of requests never handed out. The workers count started
// requests themselves, so the two numbers check each other.
func (b *budget) unsent() int64 {
	if b.duration > 0 {
		return 0
	}
	return max(0, b.n-b.issued.Load())
}

// Over is closed when there are no more requests.
func (b *budget) Over() <-chan struct{} { return b.over }
