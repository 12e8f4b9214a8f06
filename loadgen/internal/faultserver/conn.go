package faultserver

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"nodrop/loadgen/internal/faultserver/host"
)

// dripEvery is the pause before the next byte of a slow response.
const dripEvery = 20 * time.Millisecond

// readBufferSize is enough for the longest line of a head, and for any
// ClientHello.
const readBufferSize = 8 << 10

// conn is one accepted connection. One goroutine uses it; the server may close
// its socket from another.
type conn struct {
	server *Server
	tcp    *net.TCPConn
	tls    *tls.Conn // over tcp; nil in cleartext, and until the handshake
	in     *bufio.Reader

	unasked int64 // bytes that came after an early response
}

func newConn(s *Server, tcp *net.TCPConn) *conn {
	return &conn{
		server: s,
		tcp:    tcp,
		in:     bufio.NewReaderSize(tcp, readBufferSize),
	}
}

func (c *conn) serve() {
	if c.server.tls != nil && !c.handshake() {
		return
	}
	more := c.exchange(false)
	for more {
		more = c.exchange(true)
	}
}

// exchange handles one request and reports whether the connection carries
// another.
func (c *conn) exchange(reused bool) bool {
	r, err := readHead(c.in)
	if err != nil {
		c.note(err)
		return false
	}
	kind := c.server.draw()
	s := kinds[kind].script(r)
	if !s.early {
		if err := c.readBody(r, s.before); err != nil {
			c.note(err)
			return false
		}
	}
	c.server.countRequest(kind, reused)
	err = c.play(s)
	c.server.countUnasked(c.unasked)
	if err != nil {
		c.server.count(func(n *Counts) *int64 { return &n.Failed })
		return false
	}
	return s.end == endKeep
}

// readBody writes before, for which the client may wait, and then reads the
// request's body.
func (c *conn) readBody(r request, before []byte) error {
	if len(before) > 0 {
		if _, err := c.out().Write(before); err != nil {
			return err
		}
	}
	return r.readBody(c.in)
}

// note counts a request that was not read whole.
func (c *conn) note(err error) {
	switch {
	case errors.Is(err, errNoRequest):
	case errors.Is(err, errMalformed):
		c.server.count(func(n *Counts) *int64 { return &n.Malformed })
		if c.finish() == nil {
			c.drain()
		}
	default:
		c.server.count(func(n *Counts) *int64 { return &n.Incomplete })
	}
}

// play writes a script's bytes and makes its ending. Unless the connection is
// kept, it returns when only closing it is left to do.
func (c *conn) play(s script) error {
	step := len(s.out)
	if s.bytewise {
		step = 1 // the socket has TCP_NODELAY, as all of package net: each write is a segment, and a TLS record
	}
	for rest := s.out; len(rest) > 0; rest = rest[step:] {
		if _, err := c.out().Write(rest[:step]); err != nil {
			return err
		}
	}
	switch s.end {
	case endKeep:
	case endFIN, endCut:
		end := c.finish
		if s.end == endCut {
			end = c.tcp.CloseWrite
		}
		if err := end(); err != nil {
			return err
		}
		if s.early {
			c.hold(s)
		} else {
			c.afterFIN()
		}
	case endRST:
		return host.Reset(c.tcp, len(s.out) > 0)
	case endHold:
		c.hold(s)
	case endDrip:
		c.drip()
	}
	return nil
}

func (c *conn) out() io.Writer {
	if c.tls != nil {
		return c.tls
	}
	return c.tcp
}

// drip writes a byte every dripEvery, and reads meanwhile, until the client or
// Server.Close closes the connection. How it ends does not matter.
func (c *conn) drip() {
	for {
		if c.tcp.SetReadDeadline(time.Now().Add(dripEvery)) != nil {
			return
		}
		if _, err := io.Copy(io.Discard, c.in); !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if _, err := c.out().Write([]byte("x")); err != nil {
			return
		}
	}
}

// finish sends the FIN of an orderly close, over TLS after close_notify.
func (c *conn) finish() error {
	if c.tls != nil {
		if err := c.tls.CloseWrite(); err != nil {
			return err
		}
	}
	return c.tcp.CloseWrite()
}

// afterFIN reads the request that a client may send after the server's FIN. The
// server does not respond: the client's next read returns EOF anyway.
func (c *conn) afterFIN() {
	r, err := readHead(c.in)
	if err == nil {
		err = r.readBody(c.in)
	}
	if err != nil {
		c.note(err)
		return
	}
	c.server.count(func(n *Counts) *int64 { return &n.AfterFIN })
}

// hold waits until the client closes the connection, and counts what it sends
// after an early response.
func (c *conn) hold(s script) {
	if s.unread {
		awaitGone(c.tcp)
	}
	n := c.drain()
	if s.early {
		c.unasked += n
	}
}

// drain reads until the client, or Server.Close, closes the connection, and
// returns how many bytes came. How it ends does not matter.
func (c *conn) drain() int64 {
	n, _ := io.Copy(io.Discard, c.in)
	return n
}
