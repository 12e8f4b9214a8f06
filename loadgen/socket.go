package loadgen

import (
	"errors"
	"net"
)

// socket is one TCP connection to one address, made by exactly one attempt.
type socket interface {
	net.Conn
	// quiet reports that nothing has arrived unasked: neither the peer's FIN
	// or RST nor bytes. It does not wait.
	quiet() bool
}

var (
	// errSelfConnect: a connection attempt to a dead port of this machine's
	// ephemeral range got that very port as its own and met itself. To the
	// user nobody listened there.
	errSelfConnect = errors.New("connected to itself: connection refused")
	// errRedialed: the standard dialer was about to try a second time, which it
	// does when this machine had no free port.
	errRedialed = errors.New("connect: cannot assign requested address")
)
