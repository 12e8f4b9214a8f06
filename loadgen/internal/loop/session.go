//go:build linux

package loop

import (
	"io"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/h2"
	"nodrop/loadgen/internal/loop/tlsconn"
)

// session is a connection of HTTP/2 that slots share. The slot that needs it
// first makes the connection, and then gives it to the session.
type session struct {
	engine.Session
	link
	index    int32 // in sessions.list
	maker    int32 // the slot that makes the connection; none once it is made
	assigned int   // slots that have a stream on it, or wait for one
	waiting  []int32

	endpoint   int // the Driver's numbers
	connection int64
	used       bool  // has carried a request
	free       int64 // when its last stream ended, ns from the run's start
	writeErr   syscall.Errno
	blocked    int64 // since when its socket takes nothing; 0 = it does
	turning    bool  // is in sessions.turns
	unread     bool  // something has arrived that no event will announce
}

// sessions are a Shard's.
type sessions struct {
	list  []*session // an unused one has no maker and no connection
	spare []int32    // the unused ones
	live  []int32    // the others
	turns []int32    // those with something to read or to send
	stale int        // that peers closed while nothing was under way, and that were not replaced yet
}

// room returns a session with room for one more request, nil if there is none.
// Until its connection is made, a session has room for as many as it may carry.
func (s *Shard) room(last int32) *session {
	if last != none && s.hasRoom(s.sessions.list[last]) {
		return s.sessions.list[last]
	}
	for _, i := range s.sessions.live {
		if s.hasRoom(s.sessions.list[i]) {
			return s.sessions.list[i]
		}
	}
	return nil
}

// hasUse reports whether streams may be started on a connection that is made.
func (s *Shard) hasUse(ses *session) bool {
	return ses.writeErr == 0 && ses.Limit(s.cfg.Streams) > 0
}

func (s *Shard) hasRoom(ses *session) bool {
	switch {
	case ses.maker != none:
		return ses.assigned < s.cfg.Streams
	case ses.fd == none || ses.writeErr != 0:
		return false
	}
	return ses.assigned < ses.Limit(s.cfg.Streams)
}

// newSession returns a session whose connection sl makes.
func (s *Shard) newSession(sl *slot) *session {
	all := &s.sessions
	if len(all.spare) == 0 {
		ses := &session{index: int32(len(all.list)), maker: none}
		ses.unlink()
		all.list = append(all.list, ses)
		all.spare = append(all.spare, ses.index)
	}
	ses := all.list[all.spare[len(all.spare)-1]]
	all.spare = all.spare[:len(all.spare)-1]
	all.live = append(all.live, ses.index)
	ses.maker, ses.assigned, ses.used, ses.blocked, ses.unread, ses.writeErr = sl.index, 0, false, 0, false, 0
	if all.stale > 0 {
		all.stale--
		s.driver.Count(Stale)
	}
	return ses
}

// release makes a session without a connection an unused one.
func (s *Shard) release(ses *session) {
	all := &s.sessions
	ses.maker = none
	all.live = slices.DeleteFunc(all.live, func(i int32) bool { return i == ses.index })
	all.spare = append(all.spare, ses.index)
}

// opened gives the connection that sl has made to sl's session, and starts its
// stream.
func (s *Shard) opened(sl *slot) {
	ses := s.sessions.list[sl.session]
	ses.maker, ses.endpoint, ses.connection = none, sl.x.Endpoint, sl.x.Connection
	ses.link = sl.link
	s.give(&ses.link, owner{ownedBySession, ses.index})
	sl.unlink()
	ses.Conn.Now = s.now()
	ses.Begin(s.cfg.Capture, ses.secure != nil, s.streamEnded)
	if errno := s.watch(&ses.link, false); errno != 0 {
		s.lose(ses, os.NewSyscallError("epoll_ctl", errno))
		s.fail(sl, &Failure{Stage: StageConnect, Err: os.NewSyscallError("epoll_ctl", errno)})
		return
	}
	ses.unread = true // what has come with the handshake
	s.startStream(sl, s.now())
	s.turn(ses)
}

// refuse fails the slots that wait for a connection to endpoint that cannot be
// made.
func (s *Shard) refuse(ses *session, endpoint int, f *Failure) {
	ses.maker, ses.endpoint = none, endpoint
	for len(ses.waiting) > 0 {
		sl := s.nextWaiting(ses)
		shared := *f
		s.part(sl)
		sl.x.Endpoint = ses.endpoint
		s.fail(sl, &shared)
	}
	s.release(ses)
}

func (s *Shard) nextWaiting(ses *session) *slot {
	sl := &s.slots[ses.waiting[0]]
	ses.waiting = slices.Delete(ses.waiting, 0, 1)
	return sl
}

// part takes sl's request off its session.
func (s *Shard) part(sl *slot) {
	if sl.session == none {
		return
	}
	ses := s.sessions.list[sl.session]
	ses.assigned--
	if i := slices.Index(ses.waiting, sl.index); sl.state == joined && i >= 0 {
		ses.waiting = slices.Delete(ses.waiting, i, i+1)
	}
	sl.last, sl.session = sl.session, none
}

// turn puts ses among those with something to read or to send.
func (s *Shard) turn(ses *session) {
	if !ses.turning {
		ses.turning = true
		s.sessions.turns = append(s.sessions.turns, ses.index)
	}
}

// takeTurns lets sessions read what is left of what has arrived, and send what
// is pending: once for all that happened since the last time.
func (s *Shard) takeTurns() {
	turns := s.sessions.turns
	for range len(turns) {
		ses := s.sessions.list[turns[0]]
		turns = slices.Delete(turns, 0, 1)
		s.sessions.turns = turns
		ses.turning = false
		if ses.fd == none {
			continue
		}
		if ses.unread {
			s.readSession(ses)
		}
		s.flush(ses)
		if ses.fd != none && ses.Done() {
			s.retireSession(ses)
		}
		turns = s.sessions.turns
	}
}

func (s *Shard) handleSession(ses *session, ev *unix.EpollEvent) {
	if !ses.means(ev) {
		return // the event of a connection that was closed meanwhile
	}
	if ses.notice(ev.Events) {
		s.readSession(ses)
	}
	if ev.Events&unix.EPOLLOUT != 0 && ses.fd != none {
		s.turn(ses)
	}
}

// readSession reads what has arrived, and does what follows from it.
func (s *Shard) readSession(ses *session) {
	ses.unread = false
	for range maxReads {
		n, err := ses.receive(s.buf)
		if err == tlsconn.ErrWait { //nolint:errorlint // not wrapped
			break
		}
		if err == nil && n == 0 {
			err = io.EOF
		}
		if err != nil {
			s.lose(ses, err)
			return
		}
		ses.Conn.Now = s.now()
		if ses.Conn.Feed(s.buf[:n]) != nil {
			s.flush(ses) // tells the peer why
			s.lose(ses, ses.Conn.Err())
			return
		}
		ses.Note()
		if ses.drained(n, len(s.buf)) && ses.ends == 0 {
			break
		}
		ses.unread = true
	}
	s.settle(ses)
}

// settle starts the streams that wait for room, and sends those away for which
// there is none.
func (s *Shard) settle(ses *session) {
	for len(ses.waiting) > 0 && s.hasUse(ses) {
		sl := &s.slots[ses.waiting[0]]
		if !s.tryStream(sl, ses, s.now()) {
			break
		}
		ses.waiting = slices.Delete(ses.waiting, 0, 1)
	}
	if ses.Conn.Settled() {
		most := max(0, ses.Limit(s.cfg.Streams)-(ses.assigned-len(ses.waiting)))
		s.rejoin(ses, most)
	}
	s.turn(ses)
}

// rejoin lets the slots that wait for ses, but for the first most, look for
// another session. They come before those that begin a request.
func (s *Shard) rejoin(ses *session, most int) {
	for i := len(ses.waiting) - 1; i >= most; i-- {
		sl := &s.slots[ses.waiting[i]]
		s.part(sl)
		sl.state = joining
		sl.queued = true
		s.line.unshift(sl.index)
	}
}

// flush sends what is pending, as far as the socket takes it.
func (s *Shard) flush(ses *session) {
	for b := ses.Conn.Pending(); len(b) > 0 || ses.holds(); b = ses.Conn.Pending() {
		n, errno := ses.send(b)
		ses.Conn.Now = s.now()
		ses.Conn.Sent(n)
		if n > 0 {
			ses.blocked = 0
		}
		switch errno {
		case 0:
		case unix.EAGAIN:
			if ses.blocked == 0 {
				ses.blocked = ses.Conn.Now
			}
			errno = s.watch(&ses.link, true)
			if errno == 0 {
				return
			}
			fallthrough
		default:
			s.sendFailed(ses, errno)
			return
		}
	}
}

// sendFailed handles a write error. If the peer caused it, the peer may have
// said why before it closed, so that is read first.
func (s *Shard) sendFailed(ses *session, errno syscall.Errno) {
	if ses.Conn.Err() != nil {
		return // the connection is being given up
	}
	ses.writeErr = errno
	if !ours(errno) {
		ses.notice(unix.EPOLLHUP)
		ses.unread = true
	}
	for ses.fd != none && ses.unread {
		s.readSession(ses)
	}
	if ses.fd != none && ses.Conn.Err() == nil {
		s.lose(ses, os.NewSyscallError("write", errno))
	}
}

// lose ends a connection that is broken, and the streams that are open on it.
func (s *Shard) lose(ses *session, err error) {
	if err == io.EOF && ses.writeErr == unix.ECONNRESET { //nolint:errorlint // not wrapped
		err = os.NewSyscallError("write", ses.writeErr) // the socket reports a reset once
	}
	if ses.used && ses.Conn.Open() == 0 && ses.Conn.GoingAway() == nil && ses.Conn.Err() == nil {
		s.sessions.stale++
	}
	ses.Conn.Now = s.now()
	ses.Conn.End(err)
	ses.cut = len(ses.Conn.Pending()) > 0 || ses.holds()
	s.endSession(ses)
}

// endSession closes the connection of ses, and sends the slots that wait for it
// to others.
func (s *Shard) endSession(ses *session) {
	s.close(&ses.link)
	s.rejoin(ses, 0)
	s.driver.SessionOver(&ses.Ledger)
	s.release(ses)
}

// retireSession ends a connection without streams. If the peer has read that, it
// gets time to close first.
func (s *Shard) retireSession(ses *session) {
	ses.Leave()
	s.flush(ses)
	if ses.fd == none {
		return // lost meanwhile
	}
	if len(ses.Conn.Pending()) > 0 || ses.holds() {
		ses.cut = true
		s.endSession(ses)
		return
	}
	i := s.leave(&ses.link, s.now(), true)
	s.endSession(ses)
	s.lookAt(i)
}

// endSessions closes all connections at the end of the run.
func (s *Shard) endSessions() {
	for len(s.sessions.live) > 0 {
		ses := s.sessions.list[s.sessions.live[0]]
		if ses.fd == none { // its maker was aborted
			s.release(ses)
			continue
		}
		ses.Leave()
		s.flush(ses)
		if ses.fd != none {
			s.endSession(ses)
		}
	}
}

// streamEnded ends the request of a stream that ended.
func (s *Shard) streamEnded(st *h2.Stream, goaway int64) {
	sl := &s.slots[st.Tag]
	ses := s.sessions.list[sl.session]
	now := ses.Conn.Now
	ses.free, sl.x.Goaway = now, goaway
	if !s.cfg.KeepAlive {
		ses.Leave()
	}
	s.endStream(sl, now)
}
