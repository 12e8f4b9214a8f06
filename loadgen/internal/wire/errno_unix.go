//go:build unix

package wire

import (
	"errors"
	"syscall"

	"nodrop/loadgen/record"
)

// causeOf maps an errno to its cause; client is true for those that this
// machine's own limits make.
func causeOf(errno syscall.Errno) (cause record.Cause, client bool) {
	switch errno {
	case syscall.ECONNREFUSED:
		return record.CauseRefused, false
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED:
		return record.CauseReset, false
	case syscall.ETIMEDOUT:
		return record.CauseTimeout, false
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN,
		syscall.ENOENT: // the file of a unix socket is its address
		return record.CauseUnreachable, false
	case syscall.EADDRNOTAVAIL, syscall.EADDRINUSE:
		return record.CausePorts, true
	case syscall.EMFILE, syscall.ENFILE:
		return record.CauseFiles, true
	case syscall.ENOBUFS, syscall.ENOMEM:
		return record.CauseMemory, true
	case syscall.EPERM, syscall.EACCES, syscall.EAFNOSUPPORT, syscall.EINVAL, syscall.ENOSPC:
		return record.CauseOther, true // a local packet filter, a family this machine lacks, no more that epoll may watch
	}
	return record.CauseNone, false
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
