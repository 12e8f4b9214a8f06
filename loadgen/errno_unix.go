//go:build unix

package loadgen

import (
	"errors"
	"syscall"
)

// causeOf maps an errno to its cause; client is true for those that this
// machine's own limits make.
func causeOf(errno syscall.Errno) (cause Cause, client bool) {
	switch errno {
	case syscall.ECONNREFUSED:
		return CauseRefused, false
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED:
		return CauseReset, false
	case syscall.ETIMEDOUT:
		return CauseTimeout, false
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN,
		syscall.ENOENT: // the file of a unix socket is its address
		return CauseUnreachable, false
	case syscall.EADDRNOTAVAIL, syscall.EADDRINUSE:
		return CausePorts, true
	case syscall.EMFILE, syscall.ENFILE:
		return CauseFiles, true
	case syscall.ENOBUFS, syscall.ENOMEM:
		return CauseMemory, true
	case syscall.EPERM, syscall.EACCES, syscall.EAFNOSUPPORT, syscall.EINVAL, syscall.ENOSPC:
		return CauseOther, true // a local packet filter, a family this machine lacks, no more that epoll may watch
	}
	return CauseNone, false
}

// hasNoRoute tells the errnos of a missing route, and of routes of the types
// unreachable, prohibit and blackhole.
func hasNoRoute(err error) bool {
	for _, errno := range [...]syscall.Errno{syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EACCES, syscall.EINVAL} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
