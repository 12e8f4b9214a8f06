package wire

import (
	"errors"
	"io"
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
	raw    syscall.RawConn
	local  netip.AddrPort
	remote *Endpoint

	// The closures and their results are kept, so that asking and reading
	// allocate nothing.
	peek    func(fd uintptr)
	arrived bool
	read    func(fd uintptr) bool
	lent    *ReadBuffer
	n       int
	err     error

	// Of writing, which may go on while there is reading.
	waiting  func() // of OnWait
	write    func(fd uintptr) bool
	unsent   []byte
	writeErr error
}

// Dial makes one connection attempt to e from an address of this machine
// (zero: the system's choice), until deadline (zero: none). The keeper gets the
// socket before it blocks.
func Dial(e *Endpoint, from netip.Addr, deadline time.Time, keeper keeper) (Socket, error) {
	family, sockaddr := sockaddrOf(e)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	// The request goes out in one write, and a body's last segment must not
	// wait for an acknowledgement. Failing to set it changes timing only; a
	// unix socket has no such thing.
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := bindSource(fd, from); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("bind", err)
	}
	err = unix.Connect(fd, sockaddr)
	if err != nil && !errors.Is(err, unix.EINPROGRESS) && !errors.Is(err, unix.EINTR) {
		_ = unix.Close(fd)
		return nil, connectError(e, err)
	}
	s := &rawSocket{File: os.NewFile(uintptr(fd), "tcp"), remote: e}
	if s.raw, err = s.SyscallConn(); err == nil {
		err = s.SetDeadline(deadline) // first: the keeper may bring it forward
	}
	if errors.Is(err, os.ErrNoDeadline) {
		err = errUnwatched
	}
	if err == nil {
		keeper.Register(s)
		err = s.awaitConnect(e.Addr)
	}
	for IsTimeout(err) && keeper.Extend(s) {
		err = s.awaitConnect(e.Addr)
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	s.peek, s.read, s.write = s.look, s.tryRead, s.tryWrite
	return s, nil
}

// connectError is that of a connect that failed at once.
func connectError(e *Endpoint, err error) error {
	err = os.NewSyscallError("connect", err)
	if e.Path != "" {
		return err
	}
	return &UnsentError{err}
}

// bindSource makes fd's connection come from an address of this machine. The
// port is left to connect, which knows the other end: bind would have to find
// one that is free towards all. Kernels before 4.2 do without.
func bindSource(fd int, from netip.Addr) error {
	if !from.IsValid() {
		return nil
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	_, sockaddr := sockaddrOf(&Endpoint{Addr: netip.AddrPortFrom(from, 0)})
	return unix.Bind(fd, sockaddr)
}

// awaitConnect waits until the handshake with addr is known to be done. It asks
// for names by package syscall: package unix asks for the protocol, too.
func (s *rawSocket) awaitConnect(addr netip.AddrPort) error {
	var result error
	err := s.raw.Write(func(fd uintptr) bool {
		_, err := syscall.Getpeername(int(fd))
		switch {
		case errors.Is(err, unix.ENOTCONN):
			result = lateError(int(fd))
			return result != nil // or else it is still under way
		case err != nil:
			result = os.NewSyscallError("getpeername", err)
			return true
		}
		if sa, err := syscall.Getsockname(int(fd)); err == nil && addr.IsValid() {
			s.local = addrPortOf(sa)
			if s.local == netip.AddrPortFrom(addr.Addr().Unmap().WithZone(""), addr.Port()) {
				result = ErrSelfConnect
				// Close must leave no TIME_WAIT: it would keep the port from
				// the server that comes back to it.
				reset(fd)
			}
		}
		return true
	})
	if err != nil {
		return err
	}
	return result
}

// lateError is why a handshake failed, nil if it has not: be it an error that
// the kernel would otherwise try again after.
func lateError(fd int) error {
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code == 0 {
		return nil
	}
	if err == nil {
		err = syscall.Errno(code)
	}
	return &NetworkError{os.NewSyscallError("connect", err)}
}

func (s *rawSocket) Quiet() bool {
	s.arrived = true
	// Control, unlike Read, does not ask whether a deadline has passed: that of
	// the last request may have.
	return s.raw.Control(s.peek) == nil && !s.arrived
}

// look sees whether anything is there. A poll tells bytes, FIN and RST, and
// has no address to allocate.
func (s *rawSocket) look(fd uintptr) {
	fds := [...]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}}
	n, err := unix.Poll(fds[:], 0)
	for errors.Is(err, unix.EINTR) {
		n, err = unix.Poll(fds[:], 0)
	}
	s.arrived = n != 0 || err != nil
}

// ReadLent is Read with a buffer from buffers, taken when there is something to
// put into it.
func (s *rawSocket) ReadLent() (*ReadBuffer, int, error) {
	s.lent, s.n, s.err = nil, 0, nil
	err := s.raw.Read(s.read)
	lent := s.lent
	s.lent = nil
	if err == nil {
		err = s.err
	}
	return lent, s.n, err
}

// tryRead reports whether there is no more to wait for. It reads by syscall.Read
// and not by the unix package's: to the race detector what a peer of this
// process wrote by the former has happened before.
func (s *rawSocket) tryRead(fd uintptr) bool {
	s.lent = buffers.Get().(*ReadBuffer)
	n, err := syscall.Read(int(fd), s.lent[:])
	for errors.Is(err, unix.EINTR) {
		n, err = syscall.Read(int(fd), s.lent[:])
	}
	if errors.Is(err, unix.EAGAIN) {
		buffers.Put(s.lent)
		s.lent = nil
		return false
	}
	switch {
	case err != nil:
		s.err = os.NewSyscallError("read", err)
	case n == 0:
		s.err = io.EOF
	default:
		s.n = n
	}
	return true
}

func (s *rawSocket) OnWait(f func()) { s.waiting = f }

func (s *rawSocket) Cut() { _ = s.raw.Control(reset) } // fails only for a closed socket

// reset makes the coming close of fd a reset.
func reset(fd uintptr) {
	_ = unix.SetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
}

// Write is File's, but for what OnWait adds.
func (s *rawSocket) Write(b []byte) (int, error) {
	s.unsent, s.writeErr = b, nil
	err := s.raw.Write(s.write)
	if err == nil {
		err = s.writeErr
	}
	n := len(b) - len(s.unsent)
	s.unsent = nil
	if err != nil {
		return n, &os.PathError{Op: "write", Path: s.Name(), Err: err}
	}
	return n, nil
}

// tryWrite reports whether there is no more to wait for. As to syscall.Write,
// see tryRead.
func (s *rawSocket) tryWrite(fd uintptr) bool {
	for len(s.unsent) > 0 {
		n, err := syscall.Write(int(fd), s.unsent)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			if f := s.waiting; f != nil {
				s.waiting = nil
				f()
			}
			return false
		case err != nil:
			s.writeErr = err
			return true
		default:
			s.unsent = s.unsent[n:]
		}
	}
	return true
}

// LocalAddr is nil for a unix socket's.
func (s *rawSocket) LocalAddr() net.Addr {
	if !s.local.IsValid() {
		return nil
	}
	return net.TCPAddrFromAddrPort(s.local)
}

// RemoteAddr is the endpoint's.
func (s *rawSocket) RemoteAddr() net.Addr {
	e := s.remote
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
func addrPortOf(sa syscall.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *syscall.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	return netip.AddrPort{}
}
