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

// rawSocket is a non-blocking socket on the runtime's poller. It does not use
// net.Dialer, which silently retries on EADDRNOTAVAIL and after connecting to
// itself.
type rawSocket struct {
	*os.File
	raw    syscall.RawConn
	local  netip.AddrPort
	remote *Endpoint

	// The closures and their results are kept, so that Quiet and reads allocate
	// nothing.
	peek    func(fd uintptr)
	arrived bool
	read    func(fd uintptr) bool
	lent    *ReadBuffer
	n       int
	err     error

	// For writing, which may run while there is reading.
	waiting  func() // set by OnWait
	write    func(fd uintptr) bool
	unsent   []byte
	writeErr error
}

// Dial makes one connection attempt to e from a local address (zero: the
// system's choice), until deadline (zero: none). It registers the socket with
// the keeper before it blocks.
func Dial(e *Endpoint, from netip.Addr, deadline time.Time, keeper keeper) (Socket, error) {
	family, sockaddr := sockaddrOf(e)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	// The request goes out in one write, and a body's last segment must not
	// wait for an acknowledgement. A failure changes timing only; a unix socket
	// has no such option.
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
		err = s.SetDeadline(deadline) // before Register: the keeper may bring it forward
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

// connectError returns the error of a connect that failed at once.
func connectError(e *Endpoint, err error) error {
	err = os.NewSyscallError("connect", err)
	if e.Path != "" {
		return err
	}
	return NewUnsentError(e, err)
}

// NewUnsentError returns the error of a TCP connect to e that failed at once. For
// IPv6, the kernel says the same when there is no free port and when there is no
// address to connect from, as where IPv6 is disabled. A datagram socket has its
// own ports and needs the same address, and its connect sends nothing.
func NewUnsentError(e *Endpoint, err error) *UnsentError {
	unsent := &UnsentError{Err: err}
	if !errors.Is(err, unix.EADDRNOTAVAIL) || !e.Addr.Addr().Is6() {
		return unsent
	}
	family, sockaddr := sockaddrOf(e)
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return unsent
	}
	unsent.NoSource = errors.Is(unix.Connect(fd, sockaddr), unix.EADDRNOTAVAIL)
	_ = unix.Close(fd)
	return unsent
}

// bindSource sets the local address of fd. It leaves the port to connect, which
// knows the remote end: bind would have to find a port that is free for all
// remote ends. Kernels before 4.2 lack the option; its error is ignored.
func bindSource(fd int, from netip.Addr) error {
	if !from.IsValid() {
		return nil
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	_, sockaddr := sockaddrOf(&Endpoint{Addr: netip.AddrPortFrom(from, 0)})
	return unix.Bind(fd, sockaddr)
}

// awaitConnect waits until the handshake with addr is known to be done. It gets
// the socket's addresses from package syscall, because package unix also asks
// for the protocol.
func (s *rawSocket) awaitConnect(addr netip.AddrPort) error {
	var result error
	err := s.raw.Write(func(fd uintptr) bool {
		_, err := syscall.Getpeername(int(fd))
		switch {
		case errors.Is(err, unix.ENOTCONN):
			result = lateError(int(fd))
			return result != nil // nil: the handshake is still going on
		case err != nil:
			result = os.NewSyscallError("getpeername", err)
			return true
		}
		if sa, err := syscall.Getsockname(int(fd)); err == nil && addr.IsValid() {
			s.local = addrPortOf(sa)
			if s.local == netip.AddrPortFrom(addr.Addr().Unmap().WithZone(""), addr.Port()) {
				result = ErrSelfConnect
				// Close must leave no TIME_WAIT, which would keep the port from
				// the server when it comes back.
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

// lateError returns why a handshake failed, nil if it has not. The error may be
// one after which the kernel would otherwise retry.
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
	// Control, unlike Read, ignores deadlines: that of the last request may
	// have passed.
	return s.raw.Control(s.peek) == nil && !s.arrived
}

// look checks whether anything has arrived. A poll sees bytes, FIN and RST, and
// allocates no address.
func (s *rawSocket) look(fd uintptr) {
	fds := [...]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}}
	n, err := unix.Poll(fds[:], 0)
	for errors.Is(err, unix.EINTR) {
		n, err = unix.Poll(fds[:], 0)
	}
	s.arrived = n != 0 || err != nil
}

// ReadLent is Read with a buffer from the pool, taken only when there is
// something to read.
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

// tryRead reads and reports whether the wait is over. It uses syscall.Read, not
// unix.Read: for the race detector, what a peer in this process wrote with
// package syscall then happens before the read.
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

// reset makes the following close of fd send a RST.
func reset(fd uintptr) {
	_ = unix.SetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
}

// Write is like that of os.File, and supports OnWait.
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

// tryWrite writes and reports whether the wait is over. For syscall.Write, see
// tryRead.
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

// LocalAddr returns nil for a unix socket.
func (s *rawSocket) LocalAddr() net.Addr {
	if !s.local.IsValid() {
		return nil
	}
	return net.TCPAddrFromAddrPort(s.local)
}

// RemoteAddr returns the endpoint's address.
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

// addrPortOf returns sa without its zone.
func addrPortOf(sa syscall.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *syscall.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	return netip.AddrPort{}
}
