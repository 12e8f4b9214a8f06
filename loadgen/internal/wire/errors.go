package wire

import "errors"

var (
	// ErrSelfConnect is a connection that met itself: an attempt to a dead port of this
	// machine's ephemeral range got that very port as its own. To the user nobody
	// listened there.
	ErrSelfConnect = errors.New("connected to itself: connection refused")
	// errRedialed: the standard dialer was about to try a second time, which it
	// does when this machine had no free port.
	errRedialed = errors.New("connect: cannot assign requested address")
	// errUnwatched: the kernel would not tell us of events on another socket.
	errUnwatched = errors.New("epoll_ctl: no space left on device")
)

// NetworkError is one that came to a connection attempt after connect(2) had
// returned. It came from outside, the other end or something on the way: an
// EACCES is a firewall's (ICMPv6 administratively prohibited), or a route's that
// prohibits. What connect itself returns, this machine's own routes and filters
// say.
type NetworkError struct{ Err error }

func (e *NetworkError) Error() string { return e.Err.Error() }
func (e *NetworkError) Unwrap() error { return e.Err }

// ErrStalled says that nodrop did not run for so much of the request's time that
// the target cannot be blamed for what became of it.
var ErrStalled = errors.New("nodrop was not running when the request timed out")

// UnsentError is that of a connect that failed at once over TCP. What says there
// that there is no way is this machine's routing table: routers and neighbours
// say so later.
type UnsentError struct{ Err error }

func (e *UnsentError) Error() string { return e.Err.Error() }
func (e *UnsentError) Unwrap() error { return e.Err }

// BodyError is a file that could not be sent, which is no fault of the peer's.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return e.Err.Error() }
func (e *BodyError) Unwrap() error { return e.Err }

// ContentError is a body that came as its framing said and is not what its
// Content-Encoding says.
type ContentError struct {
	Coding string
	What   string
	Short  bool // all that is wrong is that the end is missing
}

func (e *ContentError) Error() string { return e.Coding + ": " + e.What }
