//go:build linux

package tlsconn

import (
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// Secured is the client's end of a TLS connection, as crypto/tls implements it.
type Secured interface {
	Handshake() error
	Read(b []byte) (int, error)
	Write(b []byte) (int, error)
	CloseWrite() error // sends close_notify
	// RefusesClient reports whether err, in place of the first response, means
	// that the server rejected the client's certificate.
	RefusesClient(err error) bool
}

// Conn is one TLS connection.
type Conn struct {
	Secured Secured
	socket  socket
	coro    *handshaker // makes the handshake; nil before and after
	err     error       // of the handshake
	done    bool        // the handshake succeeded
	closed  bool        // the peer's close_notify has been read
}

// New returns the Conn of the socket fd, before its handshake. secure returns
// what makes TLS of a socket.
func New(fd int32, secure func(under net.Conn) Secured) *Conn {
	c := &Conn{socket: socket{fd: fd}}
	c.Secured = secure(&c.socket)
	return c
}

// Notice takes what an event said: something arrived, the end is announced,
// reads may be short because of urgent data.
func (c *Conn) Notice(arrived, ends, urgent bool) {
	k := &c.socket
	k.news, k.ends, k.urgent = k.news || arrived, ends, urgent
}

// onePiece is how many bytes are encrypted at a time: the rest of a large
// request stays as it is, shared by all slots, until the socket takes more.
const onePiece = 16 << 10

// Send takes some of b, and sends what it holds as far as the socket takes it.
// EAGAIN may come along with n > 0. Another errno is the socket's; EPIPE also
// stands for a connection that crypto/tls has ended: reading says why.
func (c *Conn) Send(b []byte) (n int, errno syscall.Errno) {
	if c.socket.blocked {
		if errno := c.socket.flush(); errno != 0 {
			return 0, errno
		}
	}
	if len(b) > 0 {
		n, _ = c.Secured.Write(b[:min(len(b), onePiece)])
		if n == 0 && c.socket.failed == 0 {
			return 0, unix.EPIPE
		}
	}
	return n, c.socket.flush()
}

// Holds reports whether something that Send took is not sent yet.
func (c *Conn) Holds() bool { return len(c.socket.held) > 0 }

// Blocked reports whether the socket did not take all that Conn holds.
func (c *Conn) Blocked() bool { return c.socket.blocked }

// Read reads what has arrived. n is 0 without an error at the end of what the
// peer sends.
func (c *Conn) Read(b []byte) (n int, err error) {
	n, err = c.Secured.Read(b)
	if len(c.socket.held) > 0 {
		_ = c.socket.flush() // the response to a key update; an error comes again with the next write
	}
	switch {
	case n > 0: // an error along with the last bytes comes again
		c.socket.records.whole--
		return n, nil
	case err == ErrWait: //nolint:errorlint // not wrapped
		c.socket.records.whole = 0
	case err == io.EOF: //nolint:errorlint // not wrapped
		c.closed = !c.socket.ended
		return 0, nil
	}
	return 0, err
}

// Drained reports whether only an event can announce what comes next: nothing is
// in the socket, and crypto/tls holds no whole record.
func (c *Conn) Drained() bool {
	k := &c.socket
	return !k.news && !k.ends && k.records.whole <= 0
}

// Quiet reads what TLS sends between responses (session tickets, key updates)
// and reports whether nothing else has arrived. look makes it look even if no
// event announced anything. It may read into b.
func (c *Conn) Quiet(b []byte, look bool) bool {
	c.socket.news = c.socket.news || look
	if c.Drained() {
		return true
	}
	_, err := c.Read(b)
	return err == ErrWait //nolint:errorlint // not wrapped
}

// Closed reports whether the peer has sent close_notify.
func (c *Conn) Closed() bool { return c.closed }

// Truncated reports whether the connection ended without the close_notify by
// which TLS tells an orderly end from a cut (RFC 8446 §6.1).
func (c *Conn) Truncated() bool { return c.socket.ended }

// End prepares for closing the socket, without waiting. It sends close_notify,
// unless that would follow half a record or, if cut is set, half a request.
func (c *Conn) End(cut bool) {
	if cut || c.socket.blocked {
		return
	}
	if c.done {
		_ = c.Secured.CloseWrite() // the connection may be broken already
	}
	_ = c.socket.flush() // also the alert that ended a handshake
}
