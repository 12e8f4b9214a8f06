//go:build linux

package loop

import (
	"os"

	"nodrop/loadgen/internal/engine"
)

// join gives sl's request a session that has room, or makes sl connect a new
// one.
func (s *Shard) join(sl *slot, now int64) {
	ses := s.room(sl.last)
	for looked := (*session)(nil); ses != looked && s.isIdle(ses); {
		looked = ses
		s.readSession(ses) // the peer may have closed it while nothing was under way
		ses = s.room(sl.last)
	}
	sl.began = now
	if ses == nil {
		ses = s.newSession(sl)
		sl.session = ses.index
		ses.assigned++
		s.dial(sl, now)
		return
	}
	sl.session = ses.index
	ses.assigned++
	s.startStream(sl, now)
}

func (s *Shard) isIdle(ses *session) bool {
	return ses != nil && ses.maker == none && ses.Conn.Open() == 0
}

// startStream starts sl's stream on its session, or makes sl wait until that is
// allowed.
func (s *Shard) startStream(sl *slot, now int64) {
	ses := s.sessions.list[sl.session]
	if ses.maker == none && s.tryStream(sl, ses, now) {
		return
	}
	sl.state = joined
	sl.x.Endpoint, sl.x.Connection = -1, 0
	ses.waiting = append(ses.waiting, sl.index)
}

// tryStream starts sl's stream on ses if that is allowed now.
func (s *Shard) tryStream(sl *slot, ses *session, now int64) bool {
	x := &sl.x
	idle := ses.Conn.Open() == 0
	if !ses.Start(x.Stream, x.Request.HTTP2) {
		return false
	}
	if sl.state == joined {
		x.Connect += now - sl.began
	}
	x.Endpoint, x.Connection, x.Reused, x.Idle = ses.endpoint, ses.connection, ses.used, 0
	if ses.used && idle {
		x.Idle = max(0, x.Start-ses.free)
	}
	ses.used = true
	sl.state, sl.began = streaming, now
	s.turn(ses)
	return true
}

// endStream ends sl's request, whose stream ended at now.
func (s *Shard) endStream(sl *slot, now int64) {
	sl.arrived = now
	s.phaseStream(sl, now)
	if err := sl.x.Stream.Err(); err != nil {
		s.failStream(sl, err)
		return
	}
	x := &sl.x
	x.End = now
	if s.late(sl, now) {
		s.fail(sl, &Failure{Stage: StageStream, Err: os.ErrDeadlineExceeded, Stalled: s.stalled(sl, now)})
		return
	}
	switch step := s.driver.Responded(x); step {
	case Follow:
		s.part(sl)
		sl.state = joining
		s.push(sl)
	case Leave:
		s.leaveQueues(sl)
		s.part(sl)
		sl.state = away
	case Done, Drop:
		s.requests.remove(sl.index)
		s.part(sl)
		sl.due = s.driver.Again(sl.due, now)
		s.await(sl, sl.due, now)
	}
}

// phaseStream divides the time of sl's stream into its phases.
func (s *Shard) phaseStream(sl *slot, end int64) {
	x, st := &sl.x, sl.x.Stream
	sent, first := engine.StreamTimes(st, end)
	x.Send += max(0, sent-sl.began)
	if st.FirstAt > 0 {
		x.Wait += first - sent
		x.Read += end - first
	}
}

// failStream ends sl's request, whose stream has ended with err.
func (s *Shard) failStream(sl *slot, err error) {
	f := &Failure{Stage: StageStream, Err: err}
	ses := s.sessions.list[sl.session]
	if ses.fd != none {
		f.Local = localOf(ses.fd)
	}
	s.fail(sl, f)
}

// giveUpStream cancels sl's stream, whose request took too long or is aborted.
// The connection stays, unless its socket has taken nothing for as long as a
// request may take: then all its streams end here, and giveUpStream returns true.
func (s *Shard) giveUpStream(sl *slot) (ended bool) {
	ses, now := s.sessions.list[sl.session], s.now()
	if since := ses.blocked; since != 0 && s.cfg.Timeout > 0 && now-since >= s.cfg.Timeout {
		s.lose(ses, os.ErrDeadlineExceeded)
		return true
	}
	s.phaseStream(sl, now)
	ses.Conn.Cancel(sl.x.Stream)
	ses.free = now
	if !s.cfg.KeepAlive {
		ses.Leave()
	}
	s.turn(ses)
	return false
}

// joiningStage is the stage of a request that has no stream yet.
func (s *Shard) joiningStage(sl *slot) Stage {
	if sl.session != none && s.sessions.list[sl.session].maker != none {
		return StageConnect
	}
	return StageSend
}

// abandon takes sl's request, which has failed with f, off its session. If sl was
// to make the connection, those who wait for it fail, too.
func (s *Shard) abandon(sl *slot, f *Failure) {
	if sl.session == none {
		return
	}
	ses := s.sessions.list[sl.session]
	s.part(sl)
	if ses.maker == sl.index {
		s.refuse(ses, sl.x.Endpoint, f)
	}
}

// abortStream ends sl's request and retires sl.
func (s *Shard) abortStream(sl *slot, now int64) {
	if sl.state == streaming && s.giveUpStream(sl) {
		return // it took too long anyway
	}
	sl.x.End = now
	s.leaveQueues(sl)
	s.driver.Aborted(&sl.x)
	s.part(sl)
	s.retire(sl)
}
