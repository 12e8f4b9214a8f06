package wire

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// ChooseFamily chooses the address family of a load for a name that has
// addresses of both: the first, in the resolver's order, that accepts a trial
// connection, or the first if neither does. Spreading over both would count a
// server that listens on one family as half lost. note is a sentence for the
// report, "" if there was nothing to choose.
func ChooseFamily(ctx context.Context, ips []netip.Addr, port uint16) (family func(netip.Addr) bool, note string) {
	first := FamilyOf(ips[0])
	other := slices.IndexFunc(ips, func(ip netip.Addr) bool { return FamilyName(ip) != FamilyName(ips[0]) })
	if other < 0 {
		return nil, ""
	}
	for _, ip := range []netip.Addr{ips[0], ips[other]} {
		if tryConnect(ctx, netip.AddrPortFrom(ip.Unmap(), port)) {
			return FamilyOf(ip), fmt.Sprintf("the name has IPv4 and IPv6 addresses: nodrop uses only %s, the first that accepted a trial connection", FamilyName(ip))
		}
	}
	return first, fmt.Sprintf("the name has IPv4 and IPv6 addresses, but neither accepted a trial connection: nodrop uses %s", FamilyName(ips[0]))
}

func tryConnect(ctx context.Context, addr netip.AddrPort) bool {
	d := net.Dialer{Timeout: 2 * time.Second}
	c, err := d.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// FamilyName returns "IPv4" or "IPv6".
func FamilyName(ip netip.Addr) string {
	if ip.Unmap().Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// FamilyOf returns a function that reports whether an address is of ip's
// family.
func FamilyOf(ip netip.Addr) func(netip.Addr) bool {
	want := FamilyName(ip)
	return func(ip netip.Addr) bool { return FamilyName(ip) == want }
}
