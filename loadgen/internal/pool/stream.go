package pool

import (
	"context"
	"os"
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// share carries out one hop as a stream of a session: take a session with room,
// send, wait for the whole response.
func (x *exchange) share(ctx context.Context, at *engine.Hop, deadline time.Time) *engine.Failure {
	x.response, x.firstByte = &x.stream, 0
	for {
		s, fail := x.join(ctx, at, deadline)
		if fail != nil {
			return fail
		}
		started, fail := x.start(s, at, deadline)
		if fail != nil {
			x.worker.sessions.leave(s)
			return fail
		}
		if started {
			fail = x.finish(s, at, deadline)
			x.part(s)
			return fail
		}
		x.session = nil
	}
}

// part takes the request, which is over, off its session.
func (x *exchange) part(s *session) {
	if !x.job.KeepAlive {
		s.retire(true)
	}
	x.worker.sessions.leave(s)
}

// join returns a session to which the request is assigned. It makes the
// connection, or waits until another worker has made it.
func (x *exchange) join(ctx context.Context, at *engine.Hop, deadline time.Time) (*session, *engine.Failure) {
	r := &x.result
	r.Reused, r.Endpoint, r.Connection, r.Idle = false, -1, 0, 0
	s, mine := x.worker.sessions.assign(x.session, x.worker.shard)
	x.session = s
	if mine {
		if fail := x.make(ctx, at, deadline, s); fail != nil {
			x.worker.sessions.leave(s)
			return nil, fail
		}
		return s, nil
	}
	began := x.now()
	fail := x.await(s.made, deadline, record.StageConnect)
	r.Phases.Connect += x.now() - began
	if fail == nil && s.failed != nil {
		copied := *s.failed
		fail, r.Endpoint = &copied, s.endpoint
	}
	if fail != nil {
		x.worker.sessions.leave(s)
		return nil, fail
	}
	return s, nil
}

// make makes the connection of s.
func (x *exchange) make(ctx context.Context, at *engine.Hop, deadline time.Time, s *session) *engine.Failure {
	fail := x.dial(ctx, at, deadline)
	s.endpoint = x.result.Endpoint
	if fail == nil {
		fail = x.agree(at)
	}
	if fail != nil {
		shared := *fail
		s.refuse(&shared)
		return fail
	}
	c := x.conn
	x.worker.Register(nil)
	x.conn, c.patient.owner = nil, s
	if err := c.SetDeadline(time.Time{}); err != nil { // cannot be: it had one
		x.conn = c
		fail = x.broken(at, &engine.Failure{Stage: record.StageSend, Err: err})
		s.refuse(fail)
		return fail
	}
	s.run(c)
	return nil
}

// agree checks that the server has chosen HTTP/2 in the TLS handshake.
func (x *exchange) agree(at *engine.Hop) *engine.Failure {
	c := x.conn.secured()
	if c == nil || c.Protocol() == wire.ProtocolH2 {
		return nil
	}
	err := &wire.ProtocolError{Chosen: c.Protocol()}
	return x.broken(at, &engine.Failure{Stage: record.StageTLS, Err: err, Text: err.Error()})
}

// start starts the stream as soon as the session allows it. It returns false if
// the session has no room for it any more.
func (x *exchange) start(s *session, at *engine.Hop, deadline time.Time) (started bool, fail *engine.Failure) {
	r := &x.result
	began := x.now()
	for {
		more, open := x.tryStart(s, at)
		switch {
		case open:
			r.Phases.Connect += x.since - began
			return true, nil
		case more == nil:
			x.worker.sessions.leave(s)
			return false, nil
		case x.worker.sessions.shed(s):
			return false, nil
		}
		if fail = x.await(more, deadline, record.StageSend); fail != nil {
			return false, fail
		}
	}
}

// tryStart starts the stream, if the session has room now. If it may have room
// later, more is closed then; it is nil if the session takes no more streams.
func (x *exchange) tryStart(s *session, at *engine.Hop) (more <-chan struct{}, started bool) {
	s.lock()
	defer s.unlock()
	if s.retired || s.writeErr != nil || s.Limit(1) == 0 {
		return nil, false
	}
	x.Begin()
	x.Secured = true // an end without END_STREAM is a cut
	x.since = s.Conn.Now
	if !s.Start(&x.stream, at.HTTP2) {
		return s.change(), false
	}
	s.owners[&x.stream] = x
	r := &x.result
	r.Reused, r.Endpoint, r.Connection = s.used, s.conn.endpoint, s.conn.number
	if s.used && s.Conn.Open() == 1 {
		r.Idle = max(0, r.Start-s.free)
	}
	s.used = true
	return nil, true
}

// finish waits for the end of the stream, and describes the response.
func (x *exchange) finish(s *session, at *engine.Hop, deadline time.Time) *engine.Failure {
	if at.Expects {
		if patience := time.Now().Add(x.job.Expect); deadline.IsZero() || patience.Before(deadline) {
			if x.await(x.ended, patience, record.StageWait) != nil {
				s.proceed(x)
			} else {
				x.ended <- struct{}{}
			}
		}
	}
	if fail := x.await(x.ended, deadline, record.StageWait); fail != nil {
		if s.cancel(x) {
			x.phases(x.now())
			fail.Stage = engine.StreamStage(&x.stream)
			return fail
		}
		<-x.ended // it came meanwhile
	}
	x.phases(x.arrived)
	if x.stream.Err() != nil {
		return engine.StreamFailure(&x.stream, at, s.conn.LocalAddr())
	}
	return x.whole()
}

// phases divides the time since x.since, when the stream was started, up to end.
func (x *exchange) phases(end int64) {
	st, p := &x.stream, &x.result.Phases
	x.firstByte = st.FirstAt
	sent, first := engine.StreamTimes(st, end)
	p.Send += sent - x.since
	if st.FirstAt > 0 {
		p.Wait += first - sent
	}
	x.since = sent
}

// await waits for done. It fails at the deadline, or when the load is aborted.
func (x *exchange) await(done <-chan struct{}, deadline time.Time, stage record.Stage) *engine.Failure {
	w := x.worker
	w.allowance = w.allow(deadline)
	for {
		var late <-chan time.Time
		if !deadline.IsZero() {
			late = w.alarm(time.Until(deadline))
		}
		select {
		case <-done:
			return nil
		case <-w.interrupted:
			return &engine.Failure{Stage: stage, Err: context.Canceled}
		case <-late:
		}
		if !w.extendBy(func(until time.Time) error { deadline = until; return nil }) {
			return &engine.Failure{Stage: stage, Err: os.ErrDeadlineExceeded}
		}
	}
}
