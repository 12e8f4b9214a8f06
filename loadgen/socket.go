package loadgen

import (
	"errors"
	"net"
	"sync"
)

// socket is one TCP connection to one address, made by exactly one attempt.
type socket interface {
	net.Conn
	// Quiet reports that nothing has arrived unasked: neither the peer's FIN
	// or RST nor bytes. It does not wait.
	Quiet() bool
	// OnWait has f called when a Write is about to wait, at most once; nil:
	// no longer.
	OnWait(f func())
	// Cut has the coming Close throw away what is not sent yet. To a peer that
	// does not read, the kernel would hold it for minutes.
	Cut()
}

// keeper is whoever a connection attempt is made for.
type keeper interface {
	// Register gets what can be interrupted, by a deadline that has passed.
	Register(c net.Conn)
	// Extend moves a deadline that has passed, if the time was not the target's.
	Extend(c net.Conn) bool
}

var (
	// errSelfConnect: a connection attempt to a dead port of this machine's
	// ephemeral range got that very port as its own and met itself. To the
	// user nobody listened there.
	errSelfConnect = errors.New("connected to itself: connection refused")
	// errRedialed: the standard dialer was about to try a second time, which it
	// does when this machine had no free port.
	errRedialed = errors.New("connect: cannot assign requested address")
	// errUnwatched: the kernel would not tell us of events on another socket.
	errUnwatched = errors.New("epoll_ctl: no space left on device")
)

// networkError is one that came to a connection attempt after connect(2) had
// returned. It came from outside, the other end or something on the way: an
// EACCES is a firewall's (ICMPv6 administratively prohibited), or a route's that
// prohibits. What connect itself returns, this machine's own routes and filters
// say.
type networkError struct{ err error }

func (e *networkError) Error() string { return e.err.Error() }
func (e *networkError) Unwrap() error { return e.err }

// readBuffer is what one read can take.
type readBuffer [16 << 10]byte

// buffers are lent to those who read: a connection that waits for an answer,
// as most do most of the time, has none.
var buffers = sync.Pool{New: func() any { return new(readBuffer) }}

// giveBack takes nil for none.
func giveBack(b *readBuffer) {
	if b != nil {
		buffers.Put(b)
	}
}

// readLent reads once, into a buffer that it takes from buffers; the caller
// gives it back. A socket that can waits without one.
func readLent(s socket) (*readBuffer, int, error) {
	if s, ok := s.(interface {
		ReadLent() (*readBuffer, int, error)
	}); ok {
		return s.ReadLent()
	}
	b := buffers.Get().(*readBuffer)
	n, err := s.Read(b[:])
	return b, n, err
}
