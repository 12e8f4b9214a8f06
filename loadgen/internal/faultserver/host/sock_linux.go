package host

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// boundReceiving keeps the kernel from receiving megabytes for a server that
// does not read, as it may after the server has read much: requests that must
// not fit into the buffers of both sockets then would.
func boundReceiving(_, _ string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = os.NewSyscallError("setsockopt", unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer))
	})
	return errors.Join(err, failed)
}

const receiveBuffer = 512 << 10 // bytes

// ackPoll is the pause between two polls of something for which the kernel has
// no event.
const ackPoll = 50 * time.Microsecond

// AwaitAcked returns when the client's kernel has acknowledged all that was
// written, or after limit. On Linux, bytes that have arrived stay readable after a RST.
func AwaitAcked(tcp *net.TCPConn, limit time.Duration) error {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(limit); ; time.Sleep(ackPoll) {
		var unacked int
		var failed error
		err := raw.Control(func(fd uintptr) { unacked, failed = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
		switch {
		case err != nil || failed != nil:
			return errors.Join(err, failed)
		case unacked == 0:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("%d bytes not acknowledged in %v", unacked, limit)
		}
	}
}
