//go:build unix

package wire

import (
	"errors"
	"syscall"

	"nodrop/loadgen/record"
)

// causeOf maps an errno to its cause. client is true if this machine's own
// limits or settings cause it.
func causeOf(errno syscall.Errno) (cause record.Cause, client bool) {
	switch errno {
	case syscall.ECONNREFUSED:
		return record.CauseRefused, false
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED:
		return record.CauseReset, false
	case syscall.ETIMEDOUT:
		return record.CauseTimeout, false
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN,
		syscall.ENOENT: // a unix socket's file does not exist
		return record.CauseUnreachable, false
	case syscall.EADDRNOTAVAIL, syscall.EADDRINUSE:
		return record.CausePorts, true
	case syscall.EMFILE, syscall.ENFILE:
		return record.CauseFiles, true
	case syscall.ENOBUFS, syscall.ENOMEM:
		return record.CauseMemory, true
	case syscall.EPERM, syscall.EACCES, syscall.EAFNOSUPPORT, syscall.EINVAL, syscall.ENOSPC:
		return record.CauseOther, true // a local packet filter, an address family that this machine lacks, epoll's limit of watches
	}
	return record.CauseNone, false
}

// hasNoRoute reports whether err is an errno of a missing route, or of a route
// of type unreachable, prohibit or blackhole.
func hasNoRoute(err error) bool {
	for _, errno := range [...]syscall.Errno{syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EACCES, syscall.EINVAL} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
