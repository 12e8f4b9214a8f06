package loadgen

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// causeOf maps an errno to its cause; client is true for those that this
// machine's own limits make.
func causeOf(errno syscall.Errno) (cause Cause, client bool) {
	switch errno {
	case windows.WSAECONNREFUSED:
		return CauseRefused, false
	case windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.WSAESHUTDOWN:
		return CauseReset, false
	case windows.WSAETIMEDOUT:
		return CauseTimeout, false
	case windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH, windows.WSAENETDOWN:
		return CauseUnreachable, false
	case windows.WSAEADDRNOTAVAIL, windows.WSAEADDRINUSE:
		return CausePorts, true
	case windows.WSAEMFILE:
		return CauseFiles, true
	case windows.WSAENOBUFS:
		return CauseMemory, true
	case windows.WSAEACCES, windows.WSAEAFNOSUPPORT, windows.WSAEINVAL:
		return CauseOther, true
	}
	return CauseNone, false
}

// hasNoRoute is never asked: connects are not told apart here.
func hasNoRoute(error) bool { return false }
