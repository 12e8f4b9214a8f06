package loadgen

import "errors"

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

// errStalled: nodrop did not run for so much of the request's time that the
// target cannot be blamed for what became of it.
var errStalled = errors.New("nodrop was not running when the request timed out")

// unsentError is that of a connect that failed at once over TCP. What says there
// that there is no way is this machine's routing table: routers and neighbours
// say so later.
type unsentError struct{ err error }

func (e *unsentError) Error() string { return e.err.Error() }
func (e *unsentError) Unwrap() error { return e.err }

// bodyError is a file that could not be sent, which is no fault of the peer's.
type bodyError struct{ err error }

func (e *bodyError) Error() string { return e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }

// contentError is a body that came as its framing said and is not what its
// Content-Encoding says.
type contentError struct {
	coding string
	what   string
	short  bool // all that is wrong is that the end is missing
}

func (e *contentError) Error() string { return e.coding + ": " + e.what }
