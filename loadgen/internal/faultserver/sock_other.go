//go:build !linux

package faultserver

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// socket exists on Linux only.
type socket struct {
	addr netip.AddrPort
}

func bound() (*socket, error)                  { return nil, errors.ErrUnsupported }
func (*socket) listen(int) error               { return errors.ErrUnsupported }
func (*socket) queue() (n, max int, err error) { return 0, 0, errors.ErrUnsupported }
func (*socket) close() error                   { return nil }

// boundReceiving does nothing: the tests that need it run on Linux.
func boundReceiving(string, string, syscall.RawConn) error { return nil }

// awaitGone does not wait: this system cannot tell without reading.
func awaitGone(*net.TCPConn) {}

const ackPoll = time.Millisecond

// awaitAcked sleeps, since it cannot ask this kernel what the client has
// acknowledged; on loopback 10 ms are enough.
func awaitAcked(_ *net.TCPConn, limit time.Duration) error {
	time.Sleep(min(limit, 10*time.Millisecond))
	return nil
}
