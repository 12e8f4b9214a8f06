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

// sockaddr is an address in the kernel's format, with room for the longest, a
// unix path.
type sockaddr [unix.SizeofSockaddrAny]byte

// port returns the port of an IPv4 or IPv6 address: it is at the same offset in
// both.
func (s *sockaddr) port() uint16 { return binary.BigEndian.Uint16(s[2:]) }

// Address is the local or remote end of connections, made once and used for
// many.
type Address struct {
	family int
	raw    sockaddr
	length int
	// ephemeral means that the kernel may choose this port as the local one
	// too, so that a connection can connect to itself.
	ephemeral bool
}

// NewAddress makes an Address from an IP address and port.
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

// NewUnixAddress makes an Address from the path of a unix socket. A path that
// begins with @ is abstract, as in package net. A path that is too long is cut
// to a length that no path may have, so that connect refuses it.
func NewUnixAddress(path string) *Address {
	to := &Address{family: unix.AF_UNIX}
	const begin = 2 // after the family
	binary.NativeEndian.PutUint16(to.raw[:], unix.AF_UNIX)
	copy(to.raw[begin:], path)
	to.length = min(begin+len(path)+1, len(to.raw))
	if path != "" && path[0] == '@' {
		to.raw[begin] = 0
		to.length-- // an abstract name has no final NUL
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
	n, _ := strconv.ParseUint(zone, 10, 32) // 0, no zone, if it is not a number
	return uint32(n)
}

// isEphemeral reports whether the kernel may choose port as a local port. It
// returns true if it cannot tell.
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
