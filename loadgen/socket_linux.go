package loadgen

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// rawSocket is a non-blocking socket on the runtime's poller. It is made here
// and not by net.Dialer because that one tries again on EADDRNOTAVAIL and on
// meeting itself, unseen.
type rawSocket struct {
	*os.File
	raw           syscall.RawConn
	local, remote net.Addr

	// peek's closure and its result are kept, so that asking allocates nothing.
	peek    func(fd uintptr)
	arrived bool
}

// dialSocket makes one connection attempt to e, until deadline (zero: none).
// register gets the socket before it blocks, so that it can be interrupted.
func dialSocket(e *Endpoint, deadline time.Time, register func(net.Conn)) (socket, error) {
	family, sockaddr := sockaddrOf(e)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	// The request goes out in one write, and a body's last segment must not
	// wait for an acknowledgement. Failing to set it changes timing only; a
	// unix socket has no such thing.
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	err = unix.Connect(fd, sockaddr)
	if err != nil && !errors.Is(err, unix.EINPROGRESS) && !errors.Is(err, unix.EINTR) {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	s := &rawSocket{File: os.NewFile(uintptr(fd), "tcp"), remote: remoteAddr(e)}
	if s.raw, err = s.SyscallConn(); err == nil {
		err = s.SetDeadline(deadline) // first: register may bring it forward
	}
	if err == nil {
		register(s)
		err = s.awaitConnect(e.Addr)
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	s.peek = func(fd uintptr) {
		var one [1]byte
		_, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		s.arrived = !errors.Is(err, unix.EAGAIN)
	}
	return s, nil
}

// awaitConnect waits until the handshake with addr is known to be done.
func (s *rawSocket) awaitConnect(addr netip.AddrPort) error {
	var result error
	err := s.raw.Write(func(fd uintptr) bool {
		code, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil || code != 0 {
			if err == nil {
				err = syscall.Errno(code)
			}
			result = os.NewSyscallError("connect", err)
			return true
		}
		if _, err := unix.Getpeername(int(fd)); err != nil {
			return false // still under way
		}
		if sa, err := unix.Getsockname(int(fd)); err == nil && addr.IsValid() {
			local := addrPortOf(sa)
			s.local = net.TCPAddrFromAddrPort(local)
			if local == netip.AddrPortFrom(addr.Addr().Unmap().WithZone(""), addr.Port()) {
				result = errSelfConnect
				// Close must leave no TIME_WAIT: it would keep the port from
				// the server that comes back to it.
				_ = unix.SetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
			}
		}
		return true
	})
	if err != nil {
		return err
	}
	return result
}

func (s *rawSocket) quiet() bool {
	s.arrived = true
	// Control, unlike Read, does not ask whether a deadline has passed: that of
	// the last request may have.
	return s.raw.Control(s.peek) == nil && !s.arrived
}

func (s *rawSocket) LocalAddr() net.Addr  { return s.local }
func (s *rawSocket) RemoteAddr() net.Addr { return s.remote }

func remoteAddr(e *Endpoint) net.Addr {
	if e.Path != "" {
		return &net.UnixAddr{Name: e.Path, Net: "unix"}
	}
	return net.TCPAddrFromAddrPort(e.Addr)
}

func sockaddrOf(e *Endpoint) (family int, sa unix.Sockaddr) {
	if e.Path != "" {
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: e.Path}
	}
	addr := e.Addr
	if ip := addr.Addr().Unmap(); ip.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: ip.As4()}
	}
	sa6 := &unix.SockaddrInet6{Port: int(addr.Port()), Addr: addr.Addr().As16()}
	if zone := addr.Addr().Zone(); zone != "" {
		if ifi, err := net.InterfaceByName(zone); err == nil {
			sa6.ZoneId = uint32(ifi.Index)
		} else if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
			sa6.ZoneId = uint32(n)
		}
	}
	return unix.AF_INET6, sa6
}

// addrPortOf is sa without its zone.
func addrPortOf(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	return netip.AddrPort{}
}
