package pool

import (
	"sync"
	"sync/atomic"
	"time"

	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// lingering are connections whose last response is whole and whose peer is to
// close first, so that TIME_WAIT stays with it. They have left their workers:
// how long a peer takes is no part of any request. The zero value leaves none
// open.
type lingering struct {
	most int

	mu     sync.Mutex // guards what follows
	open   map[*conn]struct{}
	closed *sync.Cond   // one of open was; nil until there is one
	count  atomic.Int64 // of those that were; read without the lock, too
}

// leave gives c's peer the time to close. Where too many have that time
// already, c is closed at once.
func (l *lingering) leave(c *conn, s *record.Tally) {
	if c.SetDeadline(time.Now().Add(wire.FINBound)) != nil || !l.enter(c) {
		s.CountConnection(func(n *record.ConnectionCount) { n.Ours++ })
		_ = c.Close() // there is nothing left to learn from it
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

// awaitFIN waits for the end of what comes from c's peer, and says how to count
// what came.
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

// wait returns when none is open any more.
func (l *lingering) wait() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.open) > 0 {
		l.closed.Wait()
	}
}

// yield closes what there is, for a request that needs a descriptor and could
// not have one when so many had been closed. It is true when one more is, and
// false if there is none to close.
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
