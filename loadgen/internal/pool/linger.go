package pool

import (
	"sync"
	"sync/atomic"
	"time"

	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// lingering are connections whose last response is whole and whose peer must
// close first, so that TIME_WAIT stays on its side. They have left their
// workers: the time that a peer takes to close belongs to no request. The zero
// value leaves no connection open.
type lingering struct {
	most int

	mu     sync.Mutex // guards what follows
	open   map[*conn]struct{}
	closed *sync.Cond   // signals that one of open was closed; nil until there is one
	count  atomic.Int64 // how many were closed; also read without the lock
}

// leave gives c's peer time to close. If too many connections wait already, it
// closes c at once.
func (l *lingering) leave(c *conn, s *record.Tally) {
	if c.SetDeadline(time.Now().Add(wire.FINBound)) != nil || !l.enter(c) {
		s.CountConnection(func(n *record.ConnectionCount) { n.Ours++ })
		_ = c.Close() // an error here adds nothing
		return
	}
	go func() {
		s.CountConnection(awaitFIN(c))
		_ = c.Close()
		l.exit(c)
	}()
}

func (l *lingering) enter(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= l.most {
		return false
	}
	if l.open == nil {
		l.open, l.closed = map[*conn]struct{}{}, sync.NewCond(&l.mu)
	}
	l.open[c] = struct{}{}
	return true
}

func (l *lingering) exit(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	l.count.Add(1)
	l.closed.Broadcast()
}

// awaitFIN reads from c once, until its peer sends something, closes or the
// deadline passes. It returns how to count the outcome.
func awaitFIN(c *conn) func(*record.ConnectionCount) {
	var one [1]byte
	_, err := c.Read(one[:])
	return func(n *record.ConnectionCount) {
		switch {
		case err == nil:
			n.Surplus++
		case wire.IsTimeout(err):
			n.Ours++
		default:
			n.Waited++
		}
	}
}

func (l *lingering) wait() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.open) > 0 {
		l.closed.Wait()
	}
}

// yield closes the lingering connections for a request that got no descriptor.
// closed is the count before that attempt. yield returns true as soon as one
// more has been closed, and false if there is none to close.
func (l *lingering) yield(closed int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		_ = c.SetDeadline(wire.LongAgo) // fails only for a closed connection
	}
	for len(l.open) > 0 && l.count.Load() == closed {
		l.closed.Wait()
	}
	return l.count.Load() != closed
}
