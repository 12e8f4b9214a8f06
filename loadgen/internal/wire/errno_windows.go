package wire

import (
	"syscall"

	"golang.org/x/sys/windows"

	"nodrop/loadgen/record"
)

// causeOf maps an errno to its cause. client is true if this machine's own
// limits or settings cause it.
func causeOf(errno syscall.Errno) (cause record.Cause, client bool) {
	switch errno {
	case windows.WSAECONNREFUSED:
		return record.CauseRefused, false
	case windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.WSAESHUTDOWN:
		return record.CauseReset, false
	case windows.WSAETIMEDOUT:
		return record.CauseTimeout, false
	case windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH, windows.WSAENETDOWN:
		return record.CauseUnreachable, false
	case windows.WSAEADDRNOTAVAIL, windows.WSAEADDRINUSE:
		return record.CausePorts, true
	case windows.WSAEMFILE:
		return record.CauseFiles, true
	case windows.WSAENOBUFS:
		return record.CauseMemory, true
	case windows.WSAEACCES, windows.WSAEAFNOSUPPORT, windows.WSAEINVAL:
		return record.CauseOther, true
	}
	return record.CauseNone, false
}

// hasNoRoute is always false: on this system connect errors are not told apart.
func hasNoRoute(error) bool { return false }
