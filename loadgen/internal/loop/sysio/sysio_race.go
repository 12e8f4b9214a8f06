//go:build linux && race

package sysio

import "syscall"

// Under the race detector, reads and writes go through package syscall, which
// tells the detector that a write happens before the read of it by the peer, so
// that tests may rely on it. The system calls of package unix cannot.

// Send writes.
func Send(fd int32, b []byte) (int, syscall.Errno) { return retried(syscall.Write, fd, b) }

// Read reads what has arrived.
func Read(fd int32, b []byte) (int, syscall.Errno) { return retried(syscall.Read, fd, b) }

func retried(call func(int, []byte) (int, error), fd int32, b []byte) (int, syscall.Errno) {
	for {
		n, err := call(int(fd), b)
		errno, _ := err.(syscall.Errno) //nolint:errorlint // package syscall returns nothing else
		if errno != syscall.EINTR {
			return n, errno
		}
	}
}
