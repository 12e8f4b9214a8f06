package proc

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Offset in struct inet_diag_msg, after the family, and the size of an address.
const (
	diagMessageSource = 8
	diagAddress       = 16
)

// ListensAt returns the address at which connections from this machine reach
// the process: one of the loopback interface if it listens on all of them. It
// is not known if the process listens on several ports, or on none.
func ListensAt(pid int) (addr netip.AddrPort, known bool) {
	sockets := socketsOf(pid)
	if len(sockets) == 0 {
		return netip.AddrPort{}, false
	}
	for _, family := range [...]netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		probe, err := NewListenerProbe(netip.AddrPortFrom(family, 0))
		if err != nil {
			return netip.AddrPort{}, false
		}
		several := false
		err = probe.dump(func(message []byte) {
			if !sockets[binary.NativeEndian.Uint32(message[diagInode:])] {
				return
			}
			found := sourceOf(message)
			several = several || known && found.Port() != addr.Port()
			if !known {
				addr, known = found, true
			}
		})
		probe.Close()
		if err != nil || several {
			return netip.AddrPort{}, false
		}
	}
	return addr, known
}

// sourceOf returns the address of a listener as a connection reaches it.
func sourceOf(message []byte) netip.AddrPort {
	source := message[diagMessageSource : diagMessageSource+diagAddress]
	ip := netip.AddrFrom16([diagAddress]byte(source)).Unmap()
	if message[0] == unix.AF_INET {
		ip = netip.AddrFrom4([4]byte(source[:4]))
	}
	switch {
	case ip == netip.IPv6Unspecified() && v4Mapped(), ip == netip.IPv4Unspecified():
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case ip == netip.IPv6Unspecified():
		ip = netip.IPv6Loopback()
	}
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(message[diagPort:]))
}

// v4Mapped reports whether a listener of all IPv6 addresses usually gets
// connections to IPv4 addresses as well.
func v4Mapped() bool {
	text, err := os.ReadFile("/proc/sys/net/ipv6/bindv6only")
	return err == nil && len(text) > 0 && text[0] == '0'
}

// socketsOf returns the inodes of the sockets that a process has open, as far as
// permissions allow.
func socketsOf(pid int) map[uint32]bool {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	fds, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	sockets := map[uint32]bool{}
	for _, fd := range fds {
		target, err := os.Readlink(dir + "/" + fd.Name())
		var inode uint32
		if err != nil {
			continue
		}
		if n, _ := fmt.Sscanf(target, "socket:[%d]", &inode); n == 1 {
			sockets[inode] = true
		}
	}
	return sockets
}
