package wire

import (
	"net"
	"sync"
	"time"
)

// Socket is one connection to one address, made by exactly one attempt.
type Socket interface {
	net.Conn
	// Quiet reports whether nothing has arrived unasked: no FIN, RST or bytes
	// from the peer. It does not wait.
	Quiet() bool
	// OnWait makes Write call f when it is about to wait, at most once; nil
	// cancels that.
	OnWait(f func())
	// Cut makes the following Close discard unsent bytes. If the peer does not
	// read, the kernel would otherwise hold them for minutes.
	Cut()
}

// FINBound is how long the peer may take to close first after the last response
// on a connection. The latency excludes it.
const FINBound = 100 * time.Millisecond

// LongAgo is a deadline in the past.
var LongAgo = time.Unix(1, 0)

// keeper is the owner of a connection attempt.
type keeper interface {
	// Register receives the connection, which the keeper interrupts by setting
	// a deadline in the past.
	Register(c net.Conn)
	// Extend moves a deadline that has passed, if the target has not had its
	// time.
	Extend(c net.Conn) bool
}

// ReadBuffer holds what one read can return.
type ReadBuffer [16 << 10]byte

// buffers are lent to readers: a connection that waits for a response, as most
// do most of the time, holds none.
var buffers = sync.Pool{New: func() any { return new(ReadBuffer) }}

// GiveBack returns a buffer to the pool; b may be nil.
func GiveBack(b *ReadBuffer) {
	if b != nil {
		buffers.Put(b)
	}
}

// ReadLent reads once, into a buffer from the pool that the caller must give
// back. If the socket supports it, it holds no buffer while it waits.
func ReadLent(s Socket) (*ReadBuffer, int, error) {
	if s, ok := s.(interface {
		ReadLent() (*ReadBuffer, int, error)
	}); ok {
		return s.ReadLent()
	}
	b := buffers.Get().(*ReadBuffer)
	n, err := s.Read(b[:])
	return b, n, err
}
