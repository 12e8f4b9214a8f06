//go:build linux

package loop

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// sockaddr is an address as the kernel takes it; the longest is a unix path.
type sockaddr [unix.SizeofSockaddrAny]byte

// port is that of an IPv4 or IPv6 address: at the same place in both.
func (s *sockaddr) port() uint16 { return binary.BigEndian.Uint16(s[2:]) }

// Address is where a connection goes, made once for many.
type Address struct {
	family int
	raw    sockaddr
	length int
	// ephemeral: the port is one that the kernel may give to our end, so that a
	// connection can meet itself.
	ephemeral bool
}

// NewAddress makes an Address of an IP address and port.
func NewAddress(a netip.AddrPort) *Address {
	to := &Address{ephemeral: isEphemeral(a.Port())}
	if ip := a.Addr().Unmap(); ip.Is4() {
		to.family, to.length = unix.AF_INET, unix.SizeofSockaddrInet4
		four := ip.As4()
		copy(to.raw[4:], four[:])
	} else {
		to.family, to.length = unix.AF_INET6, unix.SizeofSockaddrInet6
		sixteen := a.Addr().As16()
		copy(to.raw[8:], sixteen[:])
		binary.NativeEndian.PutUint32(to.raw[24:], zoneIndex(a.Addr().Zone()))
	}
	binary.NativeEndian.PutUint16(to.raw[:], uint16(to.family))
	binary.BigEndian.PutUint16(to.raw[2:], a.Port())
	return to
}

// NewUnixAddress makes an Address of a unix socket's path; one that begins
// with @ is abstract, as in net. One that is too long is as long as no path may
// be, so that connect refuses it.
func NewUnixAddress(path string) *Address {
	to := &Address{family: unix.AF_UNIX}
	const begin = 2 // after the family
	binary.NativeEndian.PutUint16(to.raw[:], unix.AF_UNIX)
	copy(to.raw[begin:], path)
	to.length = min(begin+len(path)+1, len(to.raw))
	if path != "" && path[0] == '@' {
		to.raw[begin] = 0
		to.length-- // an abstract name ends where its length says
	}
	return to
}

func zoneIndex(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if ifi, err := net.InterfaceByName(zone); err == nil {
		return uint32(ifi.Index)
	}
	n, _ := strconv.ParseUint(zone, 10, 32) // what is no number is no zone either
	return uint32(n)
}

// isEphemeral reports whether the kernel may choose port by itself; when that
// cannot be told, it may.
func isEphemeral(port uint16) bool {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return true
	}
	var low, high int
	if _, err := fmt.Sscan(string(text), &low, &high); err != nil {
		return true
	}
	return int(port) >= low && int(port) <= high
}

// localOf is the local address of a socket as the kernel gives it.
func localOf(fd int32) netip.Addr {
	var a sockaddr
	if !sysName(unix.SYS_GETSOCKNAME, fd, &a) {
		return netip.Addr{}
	}
	switch binary.NativeEndian.Uint16(a[:]) {
	case unix.AF_INET:
		return netip.AddrFrom4([4]byte(a[4:8]))
	case unix.AF_INET6:
		return netip.AddrFrom16([16]byte(a[8:24]))
	}
	return netip.Addr{}
}
