//go:build linux

package loop

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"nodrop/loadgen/internal/h2"
	"nodrop/loadgen/internal/loop/tlsconn"
)

// state is what a slot waits for.
type state uint8

const (
	inLine     state = iota // its turn in the line
	waiting                 // the time of its next request
	connecting              // the end of the handshake of TCP
	securing                // that of TLS
	writing                 // room in the socket's buffer, or a response that comes early
	reading                 // bytes of the response
	joining                 // its turn in the line, to look for a session
	joined                  // its session's connection, or room on it
	streaming               // the end of its stream
	away                    // a call of Return
	retired                 // nothing: the slot is finished
)

// slot has one request, and at most one connection, at a time.
type slot struct {
	x     Exchange
	index int32
	state state

	queued  bool // is in Shard.line
	shaking bool // is in Shard.shaking.line

	link          // its connection; over HTTP/2, while it makes one
	session int32 // over HTTP/2: that of the request; none without one
	last    int32 // and that of the last request

	// State of the current request.
	readable bool // something arrived before the whole request was written
	sent     int  // bytes of it that were sent
	writeErr syscall.Errno
	refused  error // the error that Driver.Body returned

	due       int64 // when the request was due
	shaken    int64 // lag.shaking when the request started
	began     int64 // when connecting, or writing, began
	since     int64 // when writing the request ended or was given up
	firstByte int64 // when the first byte of the response came, 0 before that
	arrived   int64 // when the last bytes came
}

func (sl *slot) init(s *Shard, index int32) {
	sl.index, sl.x.Slot = index, int(index)
	sl.unlink()
	sl.session, sl.last = none, none
	if s.cfg.Streams > 0 {
		sl.x.Stream = &h2.Stream{Tag: int(index), Body: func(piece []byte) error { return s.driver.Body(&sl.x, piece) }}
	}
	sl.x.Parser.Capture = s.cfg.Capture
	sl.x.Parser.Body = func(piece []byte) {
		if sl.refused == nil {
			sl.refused = s.driver.Body(&sl.x, piece)
		}
	}
}

// begin starts the slot's next request, or retires the slot if there are no
// more.
func (s *Shard) begin(sl *slot) {
	now := s.now()
	if s.stopping || !s.driver.Start(now) {
		s.retire(sl)
		return
	}
	x := &sl.x
	x.Request, x.Start, x.Goaway = s.cfg.Request, now, 0
	x.Connect, x.TLS, x.Send, x.Wait, x.Read = 0, 0, 0, 0, 0
	sl.shaken = s.lag.shaking
	if s.cfg.Timeout > 0 {
		s.requests.push(sl.index, now+s.cfg.Timeout)
	}
	s.hop(sl, now)
}

func (s *Shard) hop(sl *slot, now int64) {
	sl.x.Parser.Reset(sl.x.Request.HeadOnly)
	sl.sent, sl.writeErr, sl.refused, sl.readable, sl.firstByte = 0, 0, nil, false, 0
	if s.cfg.Streams > 0 {
		s.join(sl, now)
		return
	}
	if sl.fd == none {
		s.dial(sl, now)
		return
	}
	if !sl.reusable(s.buf) {
		s.driver.Count(Stale)
		s.close(&sl.link)
		s.dial(sl, now)
		return
	}
	sl.x.Reused, sl.x.Idle = sl.used, max(0, sl.x.Start-sl.arrived) // 0 after a redirect
	sl.state, sl.began = writing, now
	s.write(sl)
}

// dial makes one connection attempt to one address.
func (s *Shard) dial(sl *slot, now int64) {
	x := &sl.x
	x.Endpoint, x.Connection, x.Reused, x.Idle = -1, 0, false, 0
	to, from, err := s.driver.Next(x)
	if err != nil {
		s.fail(sl, &Failure{Stage: StageLookup, Err: err})
		return
	}
	fd, errno := s.socket(to.family)
	if errno != 0 {
		s.fail(sl, &Failure{Stage: StageConnect, Err: os.NewSyscallError("socket", errno)})
		return
	}
	s.open(&sl.link, fd, owner{ownedBySlot, sl.index})
	sl.began = now
	if len(x.Request.Bytes) > oneSegment && !s.cfg.TLS && to.family != unix.AF_UNIX {
		sysNoDelay(fd)
	}
	if from != nil {
		if errno := sysBind(fd, from); errno != 0 {
			s.fail(sl, &Failure{Stage: StageConnect, Err: os.NewSyscallError("bind", errno)})
			return
		}
	}
	if errno := sysConnect(fd, to); errno != 0 && errno != unix.EINPROGRESS && errno != unix.EINTR {
		s.fail(sl, &Failure{Stage: StageConnect, Err: os.NewSyscallError("connect", errno), Unsent: to.family != unix.AF_UNIX})
		return
	}
	if to.ephemeral && sysMetItself(fd, to.raw.port()) {
		// TIME_WAIT would keep the port from the server when it comes back.
		sysReset(fd)
		s.fail(sl, &Failure{Stage: StageConnect, Err: ErrSelfConnect})
		return
	}
	sl.state = connecting
	if s.cfg.ConnectTimeout > 0 {
		// Push before the attempt, which may end this request and begin the
		// next.
		s.connects.push(sl.index, now+s.cfg.ConnectTimeout)
	}
	s.attempt(sl)
}

// oneSegment is the number of bytes that fit into one segment almost
// everywhere. A longer request must not wait for the acknowledgement of its
// first part.
const oneSegment = 1200

// attempt writes the first bytes on a connection whose handshake may not be
// done yet. If the handshake failed, send returns its error before it writes a
// byte. The exception is an ICMP error that came while the socket was in use,
// as it is during connect on loopback: the kernel reports that one only through
// SO_ERROR.
func (s *Shard) attempt(sl *slot) {
	if s.cfg.TLS || s.cfg.Streams > 0 {
		s.establish(sl)
		return
	}
	x, now := &sl.x, s.now()
	n, errno := sl.send(x.Request.Bytes)
	if errno == unix.EAGAIN {
		errno = sysError(sl.fd)
		if errno == 0 {
			s.watchFor(sl, true)
			return
		}
	}
	if !s.connected(sl, now, errno) {
		return
	}
	sl.state, sl.used, sl.began, sl.sent = writing, true, now, n
	if errno != 0 {
		s.writeFailed(sl, errno)
		return
	}
	if n < len(x.Request.Bytes) {
		s.write(sl)
		return
	}
	s.written(sl)
}

// connected ends the connecting of sl, whose socket has said errno. It returns
// false if the handshake failed, and the slot's request with it.
func (s *Shard) connected(sl *slot, now int64, errno syscall.Errno) bool {
	s.connects.remove(sl.index)
	if errno != 0 && !stood(errno) {
		s.fail(sl, &Failure{Stage: StageConnect, Err: os.NewSyscallError("connect", errno), Late: true})
		return false
	}
	sl.x.Connect += now - sl.began
	s.driver.Connected(&sl.x, now)
	return true
}

// stood reports whether a write error came from an established connection.
// Other errors are those of its handshake: refused, timed out, no route.
func stood(errno unix.Errno) bool {
	return ours(errno) || errno == unix.EPIPE || errno == unix.ECONNRESET
}

// ours reports whether this machine, not the peer, caused a write error.
func ours(errno unix.Errno) bool {
	switch errno {
	case unix.ENOBUFS, unix.ENOMEM, unix.EPERM:
		return true
	default:
		return false
	}
}

// writeFailed handles a write error. If the peer caused it, the peer may have
// sent a response before it closed, so the slot reads what is there.
func (s *Shard) writeFailed(sl *slot, errno unix.Errno) {
	if ours(errno) {
		s.fail(sl, &Failure{Stage: StageSend, Err: os.NewSyscallError("write", errno)})
		return
	}
	sl.writeErr, sl.spent, sl.readable = errno, true, true
	sl.notice(unix.EPOLLHUP)
	s.written(sl)
}

// resume continues a partly written request. It reads first: a response may say
// that the server does not want the rest.
func (s *Shard) resume(sl *slot) {
	if sl.readable {
		sl.readable = false
		s.read(sl)
	}
	if sl.state == writing {
		s.write(sl)
	}
}

func (s *Shard) write(sl *slot) {
	b := sl.x.Request.Bytes
	for sl.sent < len(b) || sl.holds() {
		n, errno := sl.send(b[sl.sent:])
		sl.sent += n
		if errno == unix.EAGAIN {
			if s.watchFor(sl, true) && sl.readable {
				s.push(sl)
			}
			return
		}
		if errno != 0 {
			s.writeFailed(sl, errno)
			return
		}
	}
	s.written(sl)
}

// written ends the writing of a request and starts waiting for the response.
func (s *Shard) written(sl *slot) {
	s.endWriting(sl, s.now())
	if !s.watchFor(sl, false) {
		return
	}
	if sl.readable {
		s.read(sl)
	}
}

func (s *Shard) endWriting(sl *slot, now int64) {
	sl.since, sl.state = now, reading
	sl.x.Send += now - sl.began
}

// stopWriting gives up the rest of a request whose response came before all of
// it was written. The time until the first byte of that response counts as
// Send. The connection carries no other request, because the peer may or may
// not wait for the rest.
func (s *Shard) stopWriting(sl *slot) {
	s.endWriting(sl, sl.firstByte)
	sl.spent, sl.cut = true, true
}

// watchFor watches the slot's connection. It returns false if that failed and
// the slot's request with it.
func (s *Shard) watchFor(sl *slot, out bool) bool {
	errno := s.watch(&sl.link, out)
	if errno != 0 {
		s.fail(sl, &Failure{Stage: StageConnect, Err: os.NewSyscallError("epoll_ctl", errno)})
	}
	return errno == 0
}

func (s *Shard) read(sl *slot) {
	for range maxReads {
		n, err := sl.receive(s.buf)
		switch {
		case err == tlsconn.ErrWait: //nolint:errorlint // not wrapped
			return
		case err != nil:
			s.failResponse(sl, err)
			return
		case n == 0:
			s.endOfStream(sl)
			return
		}
		if !s.take(sl, s.buf[:n]) {
			return
		}
		drained := sl.drained(n, len(s.buf))
		if sl.x.Parser.Done() {
			sl.rested = !drained
			s.responded(sl, drained && sl.ends != 0)
			return
		}
		if !drained {
			continue
		}
		switch sl.ends {
		case 0:
			return
		case unix.EPOLLRDHUP: // a FIN followed the bytes, without a reset
			s.endOfStream(sl)
			return
		}
	}
	s.push(sl)
}

// take feeds the parser. It returns false if the exchange failed.
func (s *Shard) take(sl *slot, b []byte) bool {
	x := &sl.x
	sl.arrived = s.now()
	if sl.firstByte == 0 {
		sl.firstByte = sl.arrived
		if sl.state == reading {
			x.Wait += sl.firstByte - sl.since
		}
	}
	used, malformed := x.Parser.Feed(b)
	if malformed != nil {
		s.failResponse(sl, malformed)
		return false
	}
	if sl.refused != nil {
		s.fail(sl, &Failure{Stage: StageBody, Err: sl.refused})
		return false
	}
	if used < len(b) {
		s.driver.Count(Surplus)
		sl.spent = true // out of step: the connection carries no other request
	}
	if sl.state == writing && x.Parser.Decided() {
		s.stopWriting(sl)
	}
	return true
}

func (s *Shard) endOfStream(sl *slot) {
	sl.spent = true
	sl.arrived = s.now()
	end := sl.x.Parser.EOF
	if sl.truncated() {
		end = sl.x.Parser.Cut
	}
	if err := end(); err != nil {
		s.failResponse(sl, err)
		return
	}
	if sl.state == writing {
		s.stopWriting(sl)
	}
	s.responded(sl, true)
}

// failResponse fails the request after a read error. If nothing was read, an
// earlier write error says more and is reported in its place.
func (s *Shard) failResponse(sl *slot, err error) {
	f := &Failure{Stage: StageResponse, Err: err}
	switch {
	case sl.firstByte != 0:
	case !sl.x.Reused && sl.refusesClient(err):
		f.Stage = StageTLS
	case sl.writeErr != 0:
		f.Stage, f.Err = StageSend, os.NewSyscallError("write", sl.writeErr)
	}
	s.fail(sl, f)
}

// responded ends an exchange whose response is whole. fin says that the peer
// has closed or reset the connection.
func (s *Shard) responded(sl *slot, fin bool) {
	x := &sl.x
	x.End = sl.arrived
	x.Read += x.End - max(sl.firstByte, sl.since)
	if s.late(sl, x.End) {
		s.failLate(sl)
		return
	}
	step := s.driver.Responded(x)
	kept := s.cfg.KeepAlive && !sl.spent && x.Parser.KeepAlive()
	sl.stale = fin
	switch step {
	case Follow:
		if !kept {
			s.close(&sl.link)
		}
		s.hop(sl, s.now())
		return
	case Leave:
		s.leaveQueues(sl)
		s.close(&sl.link)
		sl.state = away
		return
	case Drop:
		s.close(&sl.link)
	case Done:
		if !kept {
			s.finish(sl, fin)
			return
		}
	}
	s.requests.remove(sl.index)
	s.again(sl, sl.arrived)
}

// finish ends the connection after a whole response. If the peer must close
// first, it gets time to do so, so that TIME_WAIT stays on its side; the slot
// does not wait for that.
func (s *Shard) finish(sl *slot, fin bool) {
	s.requests.remove(sl.index)
	polite := !sl.spent && !sl.x.Parser.CloseDelimited()
	switch {
	case !polite:
		s.close(&sl.link)
	case fin:
		s.driver.Count(Waited)
		s.close(&sl.link)
	default:
		s.linger(sl)
	}
	s.again(sl, sl.arrived)
}

// free closes the connection of a slot whose request is over and schedules the
// next request.
func (s *Shard) free(sl *slot) {
	s.close(&sl.link)
	s.again(sl, s.now())
}

// again starts the slot's next request, or makes the slot wait until it is due.
func (s *Shard) again(sl *slot, now int64) {
	sl.due = s.driver.Again(sl.due, now)
	if sl.due > now {
		s.await(sl, sl.due, now)
		return
	}
	s.begin(sl)
}

func (s *Shard) timeOut(sl *slot, patient bool) {
	f := &Failure{Err: os.ErrDeadlineExceeded, Patient: patient}
	switch sl.state {
	case connecting:
		f.Stage = StageConnect
	case securing:
		f.Stage = StageTLS
	case joined, joining:
		f.Stage = s.joiningStage(sl)
	case streaming:
		if s.giveUpStream(sl) {
			return
		}
		f.Stage = StageStream
	case writing:
		f.Stage = StageSend
		if sl.firstByte != 0 {
			f.Stage = StageResponse
		}
	default:
		f.Stage = StageResponse
		if sl.writeErr != 0 && sl.firstByte == 0 {
			f.Stage, f.Err = StageSend, os.NewSyscallError("write", sl.writeErr)
		}
	}
	s.fail(sl, f)
}

// fail ends a request without a whole response. The slot's next request goes to
// the end of the line, so that a slot that fails at once does not starve the
// others.
func (s *Shard) fail(sl *slot, f *Failure) {
	s.leaveQueues(sl)
	if sl.fd != none && (sl.used || sl.state == securing) {
		f.Local = localOf(sl.fd)
	}
	sl.cut = sl.cut || sl.state == writing
	now := s.now()
	sl.x.End = now
	if f.Err != os.ErrDeadlineExceeded { //nolint:errorlint // the deadline knows
		f.Stalled = s.late(sl, now) && s.stalled(sl, now)
	}
	switch {
	case f.Stage == StageConnect:
		sl.x.Connect += now - sl.began
	case sl.state == securing:
		sl.x.Connect += now - sl.began
		sl.x.TLS += now - sl.began
	}
	s.driver.Failed(&sl.x, f)
	s.close(&sl.link)
	s.abandon(sl, f)
	s.await(sl, s.driver.Again(sl.due, now), now)
}
