package pool

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/h2"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// session is one connection of HTTP/2. The worker that needs it first makes it;
// then one goroutine reads from it and one writes to it, while workers start
// streams and wait for their ends.
type session struct {
	set      *sessions
	shard    *record.Tally
	limit    atomic.Int64 // of requests that may be assigned to it; 0 = it takes no more
	stale    atomic.Bool  // its peer closed it while nothing was under way
	assigned int64        // requests; guarded by sessions.mu

	made     chan struct{}   // closed once the connection is made, or cannot be
	failed   *engine.Failure // why it cannot be; valid once made is closed, as is what follows
	conn     *conn
	endpoint int // to which it was tried, -1 for none

	mu sync.Mutex // guards what follows
	engine.Session
	owners   map[*h2.Stream]*exchange
	out      sync.Cond     // signals the writer: bytes are pending, or closing is set
	hurried  bool          // its peer has ended it: writing need not wait
	writing  bool          // a write is under way
	wrote    sync.Cond     // signals that it is not
	changed  chan struct{} // closed when there may be more room; nil without anyone waiting
	used     bool          // has carried a request
	writeErr error
	free     int64 // when its last stream ended, ns from the run's start
	retired  bool  // we ended it
	lingers  bool  // and its peer has time to close first
	closing  bool  // the writer has to come to its end

	sending allowance // of the current write; the writer's
}

func newSession(p *sessions, shard *record.Tally) *session {
	s := &session{set: p, shard: shard, made: make(chan struct{}), owners: map[*h2.Stream]*exchange{}}
	s.out.L, s.wrote.L = &s.mu, &s.mu
	s.limit.Store(int64(p.job.Streams))
	return s
}

func (s *session) hasRoom() bool { return s.assigned < s.limit.Load() }

// refuse tells those who wait for the connection that it cannot be made.
func (s *session) refuse(f *engine.Failure) {
	s.failed = f
	s.limit.Store(0)
	close(s.made)
}

// run begins to use the connection c, which the session takes over from the
// worker that made it.
func (s *session) run(c *conn) {
	s.conn = c
	s.lock()
	s.Begin(s.set.job.Captured, c.secured() != nil, s.ended)
	s.mu.Unlock()
	s.set.running.Add(1)
	go s.serve()
	close(s.made)
}

// lock locks s and sets its clock.
func (s *session) lock() {
	s.mu.Lock()
	s.Conn.Now = s.set.job.Since(time.Now())
}

// unlock publishes what has changed, and unlocks s.
func (s *session) unlock() {
	limit := int64(s.Limit(s.set.job.Streams))
	if s.retired || s.writeErr != nil {
		limit = 0
	}
	s.limit.Store(limit)
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
	if len(s.Conn.Pending()) > 0 {
		s.out.Signal()
	}
	s.mu.Unlock()
}

// change returns a channel that is closed when s may have more room. s is
// locked.
func (s *session) change() <-chan struct{} {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

// ended wakes the worker of a stream that ended. s is locked.
func (s *session) ended(st *h2.Stream, goaway int64) {
	x := s.owners[st]
	delete(s.owners, st)
	s.free = s.Conn.Now
	x.arrived, x.result.Goaway = s.Conn.Now, goaway
	x.ended <- struct{}{} // has room for one
}

// cancel ends the stream of x, unless it has ended already.
func (s *session) cancel(x *exchange) (canceled bool) {
	s.lock()
	defer s.unlock()
	if _, open := s.owners[&x.stream]; !open {
		return false
	}
	delete(s.owners, &x.stream)
	s.Conn.Cancel(&x.stream)
	return true
}

// proceed sends the body of x, which waits for a 100 (Continue), without one.
func (s *session) proceed(x *exchange) {
	s.lock()
	defer s.unlock()
	s.Conn.Proceed(&x.stream)
}

// serve reads from the connection until it ends, and accounts for it.
func (s *session) serve() {
	defer s.set.running.Done()
	var writing sync.WaitGroup
	writing.Go(s.write)
	for s.receive() {
	}
	s.lock()
	s.closing = true
	s.out.Signal()
	s.unlock()
	_ = s.conn.SetWriteDeadline(time.Now().Add(wire.FINBound)) // for a GOAWAY that is still to be sent
	writing.Wait()
	_ = s.conn.Close() // an error here adds nothing
	if s.lingers {
		s.set.lingering.exit(s.conn)
	}
	s.shard.EndHTTP2(&s.Ledger)
}

// receive reads once. It returns false when the connection has come to its end.
func (s *session) receive() bool {
	lent, n, err := wire.ReadLent(s.conn.Socket)
	defer wire.GiveBack(lent)
	s.lock()
	defer s.unlock()
	if errors.Is(err, io.EOF) {
		s.awaitWrite()
	}
	if n > 0 {
		_ = s.Conn.Feed(lent[:n]) // the error stays in Conn.Err
		s.Note()
	}
	if err != nil {
		s.lost(err)
	}
	if s.Done() && err == nil && s.Conn.Err() == nil {
		s.retireLocked(true) // after GOAWAY: nothing is left to wait for
	}
	return err == nil && s.Conn.Err() == nil
}

// awaitWrite waits for the write that is under way: the socket reports a reset
// only once, perhaps to the writer. s is locked.
func (s *session) awaitWrite() {
	s.hurried = true
	if s.writing {
		_ = s.conn.SetWriteDeadline(time.Now().Add(wire.FINBound)) // fails only for a closed connection
	}
	for s.writing {
		s.wrote.Wait()
	}
}

// lost ends the connection because reading has failed. s is locked.
func (s *session) lost(err error) {
	switch {
	case s.retired:
		s.countLingering(err)
	case s.Conn.Open() == 0 && s.Conn.GoingAway() == nil:
		s.stale.Store(s.used)
	}
	if errors.Is(err, io.EOF) && errors.Is(s.writeErr, syscall.ECONNRESET) {
		err = s.writeErr // the socket reports a reset once
	}
	s.Conn.End(err)
}

func (s *session) countLingering(err error) {
	if !s.lingers {
		return
	}
	s.shard.CountConnection(func(c *record.ConnectionCount) {
		if wire.IsTimeout(err) {
			c.Ours++
		} else {
			c.Waited++
		}
	})
}

// retire ends the connection, which has no stream, with GOAWAY. linger means
// that its peer gets time to close first.
func (s *session) retire(linger bool) {
	select {
	case <-s.made:
	default:
		return // its maker has given up
	}
	if s.conn == nil {
		return
	}
	s.lock()
	defer s.unlock()
	s.retireLocked(linger)
}

func (s *session) retireLocked(linger bool) {
	if s.retired || s.closing {
		return
	}
	s.retired = true
	s.Leave()
	until := wire.LongAgo
	if linger && s.set.lingering.enter(s.conn) {
		s.lingers, until = true, time.Now().Add(wire.FINBound)
	} else if linger {
		s.shard.CountConnection(func(c *record.ConnectionCount) { c.Ours++ })
	}
	_ = s.conn.SetReadDeadline(until) // fails only for a closed connection
}

// write sends what is pending until the connection has come to its end.
func (s *session) write() {
	var b []byte
	for {
		s.mu.Lock()
		for len(s.Conn.Pending()) == 0 && !s.closing {
			s.out.Wait()
		}
		b = append(b[:0], s.Conn.Pending()...)
		s.writing = len(b) > 0
		s.mu.Unlock()
		if len(b) == 0 {
			return
		}
		n, err := s.send(b)
		s.lock()
		s.writing = false
		s.wrote.Broadcast()
		s.Conn.Sent(n)
		if err != nil {
			s.unsent(err)
		}
		s.unlock()
		if err != nil {
			return
		}
	}
}

// send writes b. No write may take longer than a request.
func (s *session) send(b []byte) (sent int, err error) {
	j := s.set.job
	if j.Timeout > 0 && !s.isClosing() {
		s.sending = allowance{j.Since(time.Now()), int64(j.Timeout)}
		_ = s.conn.SetWriteDeadline(s.sending.until(j, 0)) // fails only for a closed connection
	}
	return s.conn.Write(b)
}

// extendReading returns false: only the end of a session has such a deadline.
func (s *session) extendReading(*patient) bool { return false }

// extendWriting moves the write deadline by the time for which nodrop did not
// run.
func (s *session) extendWriting(p *patient) bool {
	j, l := s.set.job, s.sending
	if l.length == 0 || s.isClosing() {
		return false
	}
	until := l.until(j, j.Stalls.Delay(l.from, l.length))
	return until.After(time.Now()) && p.SetWriteDeadline(until) == nil
}

func (s *session) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing || s.hurried
}

// unsent handles a write that failed. If the peer made it fail, the peer may
// have said why before: the reader finds that. s is locked.
func (s *session) unsent(err error) {
	s.writeErr = err
	ours := wire.Classify(record.StageSend, err).Spoiled()
	if ours || wire.IsTimeout(err) {
		s.Conn.End(err)
		s.conn.Cut()
		_ = s.conn.SetReadDeadline(wire.LongAgo)
	}
}
