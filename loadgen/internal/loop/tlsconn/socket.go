//go:build linux

package tlsconn

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"nodrop/loadgen/internal/loop/sysio"
)

// ErrWait means that nothing has arrived: an event announces what comes next.
var ErrWait waitError

// waitError is temporary for crypto/tls, which can go on after it.
type waitError struct{}

func (waitError) Error() string   { return "nothing to read yet" }
func (waitError) Timeout() bool   { return true }
func (waitError) Temporary() bool { return true }

// socket is what crypto/tls reads and writes. In a handshake, Read lets the loop
// do other work until something has arrived. Write only collects.
type socket struct {
	fd      int32
	held    []byte              // collected, and not sent yet
	blocked bool                // the socket did not take all of held
	failed  syscall.Errno       // of a write
	news    bool                // a read may find something
	ends    bool                // an event has announced the end
	urgent  bool                // reads may come back short although there is more
	ended   bool                // the end has been read: the peer's FIN
	yield   func(struct{}) bool // in a handshake: lets the loop go on; nil otherwise
	gone    bool                // the handshake is given up
	records framing             // of what was read
}

var _ net.Conn = (*socket)(nil)

func (k *socket) Read(b []byte) (int, error) {
	for {
		if k.news {
			if n, err := k.tryRead(b); err != ErrWait { //nolint:errorlint // not wrapped
				return n, err
			}
		}
		if k.yield == nil {
			return 0, ErrWait
		}
		if errno := k.flush(); errno != 0 && errno != unix.EAGAIN {
			return 0, os.NewSyscallError("write", errno)
		}
		if !k.yield(struct{}{}) || k.gone {
			return 0, net.ErrClosed
		}
	}
}

func (k *socket) tryRead(b []byte) (int, error) {
	n, errno := sysio.Read(k.fd, b)
	switch {
	case errno == unix.EAGAIN:
		k.news = false
		return 0, ErrWait
	case errno != 0:
		return 0, os.NewSyscallError("read", errno)
	case n == 0:
		k.ended = true
		return 0, io.EOF
	}
	k.news = n == len(b) || k.urgent || k.ends
	k.records.feed(b[:n])
	return n, nil
}

func (k *socket) Write(b []byte) (int, error) {
	if k.failed != 0 {
		return 0, os.NewSyscallError("write", k.failed)
	}
	k.held = append(k.held, b...)
	return len(b), nil
}

// keptBuffer is the size, in bytes, of the largest buffer that a connection
// keeps for what it sends next.
const keptBuffer = 4 << 10

// flush sends what is held, as far as the socket takes it.
func (k *socket) flush() syscall.Errno {
	for len(k.held) > 0 && k.failed == 0 {
		n, errno := sysio.Send(k.fd, k.held)
		if k.blocked = errno == unix.EAGAIN; k.blocked {
			return errno
		}
		if errno != 0 {
			k.failed = errno
			break
		}
		k.held = k.held[:copy(k.held, k.held[n:])]
	}
	k.blocked = false
	if cap(k.held) > keptBuffer && len(k.held) == 0 {
		k.held = nil
	}
	return k.failed
}

// Close does nothing: the loop closes the descriptor.
func (k *socket) Close() error { return nil }

// LocalAddr and RemoteAddr return nil: crypto/tls needs neither.
func (k *socket) LocalAddr() net.Addr  { return nil }
func (k *socket) RemoteAddr() net.Addr { return nil }

// Deadlines have no effect: nothing here waits.

func (k *socket) SetDeadline(time.Time) error      { return nil }
func (k *socket) SetReadDeadline(time.Time) error  { return nil }
func (k *socket) SetWriteDeadline(time.Time) error { return nil }
