//go:build linux

package loop

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of the hot path. They bypass Go's scheduler because none of
// them blocks, and informing the scheduler costs as much as the shortest of
// them takes. Only waiter.wait may block.

func sysSocket(family int) (int32, syscall.Errno) {
	fd, _, errno := unix.RawSyscall(unix.SYS_SOCKET, uintptr(family), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return int32(fd), errno
}

func sysConnect(fd int32, a *Address) syscall.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&a.raw[0])), uintptr(a.length))
	return errno
}

// sysBind sets the local address of fd. It leaves the port to connect, which
// knows the remote end: bind would have to find a port that is free for all
// remote ends. Kernels before 4.2 lack the option; its error is ignored.
func sysBind(fd int32, a *Address) syscall.Errno {
	on := int32(1)
	_, _, _ = unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, uintptr(unsafe.Pointer(&on)), unsafe.Sizeof(on), 0)
	_, _, errno := unix.RawSyscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&a.raw[0])), uintptr(a.length))
	return errno
}

// sysQuiet reports whether nothing has arrived: no bytes, FIN or RST.
func sysQuiet(fd int32, b []byte) bool {
	_, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), 1, unix.MSG_PEEK|unix.MSG_DONTWAIT, 0, 0)
	return errno == unix.EAGAIN
}

func sysClose(fd int32) {
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) // an error here adds nothing
}

// sysNoDelay sets TCP_NODELAY. A failure changes timing only.
func sysNoDelay(fd int32) {
	on := int32(1)
	_, _, _ = unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, uintptr(unsafe.Pointer(&on)), unsafe.Sizeof(on), 0)
}

// sysReset makes the following close send a RST, which leaves no TIME_WAIT.
func sysReset(fd int32) {
	at := unix.Linger{Onoff: 1}
	_, _, _ = unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_LINGER, uintptr(unsafe.Pointer(&at)), unsafe.Sizeof(at), 0)
}

// sysError returns the socket's pending error (SO_ERROR): that of a failed
// handshake, including one after which the kernel would otherwise retry.
func sysError(fd int32) syscall.Errno {
	var pending int32
	length := uint32(unsafe.Sizeof(pending))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_ERROR, uintptr(unsafe.Pointer(&pending)), uintptr(unsafe.Pointer(&length)), 0)
	if errno != 0 {
		return errno
	}
	return syscall.Errno(pending)
}

// sysConnected returns 0 if the socket's handshake is done, and ENOTCONN if it
// is not, or has failed.
func sysConnected(fd int32) syscall.Errno {
	var remote sockaddr
	length := uint32(len(remote))
	_, _, errno := unix.RawSyscall(unix.SYS_GETPEERNAME, uintptr(fd), uintptr(unsafe.Pointer(&remote)), uintptr(unsafe.Pointer(&length)))
	return errno
}

// sysMetItself reports whether a connection to port connected to itself: its
// two ends are one socket.
func sysMetItself(fd int32, port uint16) bool {
	var local, remote sockaddr
	if !sysName(unix.SYS_GETSOCKNAME, fd, &local) || local.port() != port {
		return false
	}
	return sysName(unix.SYS_GETPEERNAME, fd, &remote) && local == remote
}

func sysName(call uintptr, fd int32, a *sockaddr) bool {
	length := uint32(len(a))
	_, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(a)), uintptr(unsafe.Pointer(&length)))
	return errno == 0
}

func sysEpollCtl(epoll int32, op int, fd int32, ev *unix.EpollEvent) syscall.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(epoll), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(ev)), 0, 0)
	return errno
}

func sysPoll(epoll int32, events []unix.EpollEvent) int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0 // EINTR
	}
	return int(n)
}

// waiter waits for events, to the nanosecond if the kernel can (5.11 and
// later), otherwise to the millisecond.
type waiter struct {
	coarse bool
	until  unix.Timespec
}

// wait waits for at most ns; a negative ns means without limit.
func (w *waiter) wait(epoll int32, events []unix.EpollEvent, ns int64) int {
	if !w.coarse {
		w.until = unix.NsecToTimespec(ns)
		at := unsafe.Pointer(&w.until)
		if ns < 0 {
			at = nil
		}
		n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(at), 0, 0)
		switch errno {
		case 0:
			return int(n)
		case unix.ENOSYS, unix.EPERM:
			w.coarse = true
		default:
			return 0 // EINTR
		}
	}
	ms := int64(-1)
	if ns >= 0 {
		ms = min((ns+1e6-1)/1e6, 1<<30)
	}
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(ms), 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}
