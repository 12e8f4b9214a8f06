package loadgen

import (
	"sync"
	"sync/atomic"
	"time"
)

// budget hands out the requests that are planned, one at a time, and counts
// those it never handed out. It is the one thing that all workers share.
type budget struct {
	n        int64         // requests to hand out; 0 = no bound but the duration
	duration time.Duration // when to end; 0 = no bound but n

	issued atomic.Int64
	held   atomic.Bool // n and duration are minimums until released
	over   chan struct{}
	once   sync.Once
}

func newBudget(n int64, d time.Duration) *budget {
	return &budget{n: n, duration: d, over: make(chan struct{})}
}

// Take asks for one request to start at elapsed; false means that the run is
// over, for every worker.
func (b *budget) Take(elapsed time.Duration) bool {
	for {
		select {
		case <-b.over:
			return false
		default:
		}
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
}

// check ends the handing out if nothing is left, so that nobody waits for a
// turn that will not come.
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

// end stops the handing out for good.
func (b *budget) end() { b.once.Do(func() { close(b.over) }) }

// planned is how many requests the run was to make: what was asked for, or, as
// far as settling or a duration made it open, what was handed out.
func (b *budget) planned() int64 {
	if b.duration > 0 {
		return b.issued.Load()
	}
	return max(b.n, b.issued.Load())
}

// unsent is how many requests are still here, never handed out. Started
// requests are counted by who started them, so the two check each other.
func (b *budget) unsent() int64 {
	if b.duration > 0 {
		return 0
	}
	return max(0, b.n-b.issued.Load())
}

// Over is closed when there are no more.
func (b *budget) Over() <-chan struct{} { return b.over }
