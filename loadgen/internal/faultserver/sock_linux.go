package faultserver

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"nodrop/loadgen/internal/faultserver/host"
)

// socket is a raw TCP socket: package net cannot bind without listening, nor
// listen with a chosen backlog.
type socket struct {
	file *os.File // guards the descriptor against use after close
	addr netip.AddrPort
}

// bound returns a socket that holds a free port of 127.0.0.1. It is bound
// without SO_REUSEADDR, so that no other socket can share the port.
func bound() (*socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	s := &socket{file: os.NewFile(uintptr(fd), "tcp socket")}
	err = host.OnFreePort(func(addr netip.AddrPort) error {
		s.addr = addr
		return os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}))
	})
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *socket) control(f func(fd int) error) error {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if raw.Control(func(fd uintptr) { failed = f(int(fd)) }) != nil {
		return os.ErrClosed // the only possible reason; package os returns another error for it
	}
	return failed
}

func (s *socket) listen(backlog int) error {
	return s.control(func(fd int) error { return os.NewSyscallError("listen", unix.Listen(fd, backlog)) })
}

// queue returns how many connections wait to be accepted, and the backlog. For
// a listening socket, TCP_INFO reports them in the fields for unacknowledged
// and selectively acknowledged segments (tcp_get_info in the kernel's tcp.c).
func (s *socket) queue() (waiting, backlog int, err error) {
	err = s.control(func(fd int) error {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return os.NewSyscallError("getsockopt", err)
		}
		waiting, backlog = int(info.Unacked), int(info.Sacked)
		return nil
	})
	return waiting, backlog, err
}

func (s *socket) close() error {
	if err := s.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// awaitGone returns when the client, or Server.Close, has closed the
// connection. It reads nothing meanwhile.
func awaitGone(tcp *net.TCPConn) {
	raw, err := tcp.SyscallConn()
	for gone := false; err == nil && !gone; {
		time.Sleep(time.Millisecond)
		err = raw.Control(func(fd uintptr) {
			fds := [...]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
			n, _ := unix.Poll(fds[:], 0) // EINTR: the next poll tells
			gone = n > 0
		})
	}
}
