//go:build !linux

package host

import (
	"net"
	"syscall"
	"time"
)

// boundReceiving does nothing: the tests that need it run on Linux.
func boundReceiving(string, string, syscall.RawConn) error { return nil }

const ackPoll = time.Millisecond

// AwaitAcked sleeps, since it cannot ask this kernel what the client has
// acknowledged; on loopback 10 ms are enough.
func AwaitAcked(_ *net.TCPConn, limit time.Duration) error {
	time.Sleep(min(limit, 10*time.Millisecond))
	return nil
}
