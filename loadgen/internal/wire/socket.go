package wire

import (
	"net"
	"sync"
	"time"
)

// Socket is one TCP connection to one address, made by exactly one attempt.
type Socket interface {
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

// FINBound is how long the peer is given to close first after the last response
// on a connection. It lies outside the latency.
const FINBound = 100 * time.Millisecond

// LongAgo is a deadline that has passed.
var LongAgo = time.Unix(1, 0)

// keeper is whoever a connection attempt is made for.
type keeper interface {
	// Register gets what can be interrupted, by a deadline that has passed.
	Register(c net.Conn)
	// Extend moves a deadline that has passed, if the time was not the target's.
	Extend(c net.Conn) bool
}

// ReadBuffer is what one read can take.
type ReadBuffer [16 << 10]byte

// buffers are lent to those who read: a connection that waits for a response,
// as most do most of the time, has none.
var buffers = sync.Pool{New: func() any { return new(ReadBuffer) }}

// GiveBack takes nil for none.
func GiveBack(b *ReadBuffer) {
	if b != nil {
		buffers.Put(b)
	}
}

// ReadLent reads once, into a buffer that it takes from buffers; the caller
// gives it back. A socket that can waits without one.
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
