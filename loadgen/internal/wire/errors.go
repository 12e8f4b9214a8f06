package wire

import (
	"errors"
	"strconv"
)

var (
	// ErrSelfConnect means that a connection connected to itself: an attempt to
	// a closed port in this machine's ephemeral range got that same port as its
	// local port. For the user, nothing listened there.
	ErrSelfConnect = errors.New("connected to itself: connection refused")
	// errRedialed means that the standard dialer was about to try a second
	// time, which it does if this machine had no free port.
	errRedialed = errors.New("connect: cannot assign requested address")
	// errUnwatched means that the kernel refused to report events of another
	// socket.
	errUnwatched = errors.New("epoll_ctl: no space left on device")
)

// NetworkError is an error of a connection attempt that came after connect(2)
// had returned. It came from outside: from the other end or from something on
// the way. An EACCES here comes from a firewall (ICMPv6 administratively
// prohibited) or from a prohibit route. Errors that connect itself returns come
// from this machine's own routes and filters.
type NetworkError struct{ Err error }

func (e *NetworkError) Error() string { return e.Err.Error() }
func (e *NetworkError) Unwrap() error { return e.Err }

// ErrStalled means that nodrop did not run for so much of the request's time
// that the target cannot be blamed for the outcome.
var ErrStalled = errors.New("nodrop was not running when the request timed out")

// UnsentError is the error of a TCP connect that failed at once. If it says
// that there is no route, it comes from this machine's routing table: routers
// and neighbours report that later.
type UnsentError struct {
	Err      error
	NoSource bool // this machine has no address to connect from
}

func (e *UnsentError) Error() string { return e.Err.Error() }
func (e *UnsentError) Unwrap() error { return e.Err }

// ProtocolError means that the server chose another protocol than the load
// speaks, on one connection.
type ProtocolError struct{ Chosen string }

func (e *ProtocolError) Error() string {
	return "the server chose " + strconv.Quote(e.Chosen) + " in the TLS handshake, not " + strconv.Quote(ProtocolH2)
}

// The names of the protocols in a TLS handshake (ALPN).
const (
	ProtocolHTTP1 = "http/1.1"
	ProtocolH2    = "h2"
)

// BodyError means that a file could not be sent, which is not the peer's fault.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return e.Err.Error() }
func (e *BodyError) Unwrap() error { return e.Err }

// ContentError means that a body came whole by its framing but does not match
// its Content-Encoding.
type ContentError struct {
	Coding string
	What   string
	Short  bool // the only error is that the end is missing
}

func (e *ContentError) Error() string { return e.Coding + ": " + e.What }

// UnwantedError means that a response came whole but is not what
// --expect-body or --expect-header asks for.
type UnwantedError struct{ Why string }

func (e *UnwantedError) Error() string { return e.Why }
