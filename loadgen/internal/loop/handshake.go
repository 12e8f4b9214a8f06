//go:build linux

package loop

import (
	"os"

	"golang.org/x/sys/unix"

	"nodrop/loadgen/internal/loop/tlsconn"
)

// Handshakes are computed apart from the rest of the Shard's work, because each
// takes as long as many responses: in their own line, for a short time per turn,
// and that time counts as nodrop's own (see lag).

// shakeTime is for how long, in ns, a turn computes handshakes; it ends the one
// that it has begun.
const shakeTime = 1_000_000

// shaking is what a Shard needs for handshakes.
type shaking struct {
	line        line // of slots whose handshake can go on
	handshakers tlsconn.Handshakers
}

// establish begins the handshake of a connection that may not be established
// yet.
func (s *Shard) establish(sl *slot) {
	now := s.now()
	errno := sysConnected(sl.fd)
	if errno == unix.ENOTCONN {
		if errno = sysError(sl.fd); errno == 0 {
			s.watchFor(sl, true)
			return
		}
	}
	if !s.connected(sl, now, errno) {
		return
	}
	if !s.cfg.TLS {
		s.opened(sl)
		return
	}
	sl.state, sl.began = securing, now
	if errno != 0 {
		s.fail(sl, &Failure{Stage: StageTLS, Err: os.NewSyscallError("read", errno)})
		return
	}
	sysNoDelay(sl.fd) // a request may take several records
	sl.secure = tlsconn.New(sl.fd, s.driver.Secure)
	s.pushShaking(sl)
}

func (s *Shard) pushShaking(sl *slot) {
	if !sl.shaking {
		sl.shaking = true
		s.shaking.line.push(sl.index)
	}
}

// shakeThoseInLine continues handshakes for about shakeTime.
func (s *Shard) shakeThoseInLine() {
	if s.shaking.line.count == 0 {
		return
	}
	began := s.now()
	now := began
	for range s.shaking.line.count {
		sl := &s.slots[s.shaking.line.pop()]
		sl.shaking = false
		if sl.state != securing {
			continue // the handshake was given up meanwhile
		}
		now = s.shake(sl, now)
		if now-began > shakeTime {
			return
		}
	}
}

// shake continues sl's handshake at now, and returns the time at which it waits
// or is done. The time between is nodrop's own.
func (s *Shard) shake(sl *slot, now int64) (after int64) {
	done, err := s.shaking.handshakers.Continue(sl.secure)
	after = s.now()
	s.lag.add(after - now)
	switch {
	case !done:
		s.watchFor(sl, sl.secure.Blocked())
		return after
	case err != nil:
		s.fail(sl, &Failure{Stage: StageTLS, Err: err})
		return s.now()
	}
	x := &sl.x
	x.TLS += after - sl.began
	x.Connect += after - sl.began
	if err := s.driver.Secured(sl.secure.Secured); err != nil {
		s.fail(sl, &Failure{Stage: StageTLS, Err: err})
		return s.now()
	}
	if s.cfg.Streams > 0 {
		s.opened(sl)
		return s.now()
	}
	sl.state, sl.used, sl.began = writing, true, after
	sl.readable = !sl.secure.Drained()
	s.write(sl)
	return s.now()
}
