package loadgen

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
)

// ParseSources reads a list of addresses of this machine, separated by commas.
func ParseSources(s string) ([]netip.Addr, error) {
	var list []netip.Addr
	for text := range strings.SplitSeq(s, ",") {
		addr, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil {
			return nil, wrong("%v %q: %q is not an IP address", OptionSource, s, text)
		}
		list = append(list, addr.Unmap())
	}
	return list, nil
}

// validateSources rejects addresses that no connection of the load can come
// from, as far as the addresses themselves show it.
func (c *Config) validateSources(t target.Target) error {
	if len(c.Sources) == 0 {
		return nil
	}
	if c.UnixSocket != "" {
		return wrong("%v and %v: a Unix socket has no source address", OptionSource, OptionUnixSocket)
	}
	for _, source := range c.Sources {
		if source.IsUnspecified() || source.IsMulticast() {
			return wrong("%v %s: connections cannot come from this address", OptionSource, source)
		}
		if first := c.Sources[0]; wire.FamilyName(source) != wire.FamilyName(first) {
			return wrong("%v %s: %s is %s, but %s is %s; use only one family", OptionSource, joinAddrs(c.Sources), first, wire.FamilyName(first), source, wire.FamilyName(source))
		}
	}
	for _, to := range c.ConnectTo {
		if err := c.matchSource(to.Addr.Addr()); err != nil {
			return err
		}
	}
	if c.Proxy != nil {
		t = proxyTarget(c.Proxy)
	}
	if addr, ok := t.Addr(); ok && len(c.ConnectTo) == 0 {
		return c.matchSource(addr.Addr())
	}
	return nil
}

// matchSource returns an error if a target is of the other address family.
func (c *Config) matchSource(to netip.Addr) error {
	if source := c.Sources[0]; wire.FamilyName(source) != wire.FamilyName(to) {
		return wrong("%v %s: is %s, but %s is %s", OptionSource, source, wire.FamilyName(source), to, wire.FamilyName(to))
	}
	return nil
}

func joinAddrs(list []netip.Addr) string {
	texts := make([]string, len(list))
	for i, addr := range list {
		texts[i] = addr.String()
	}
	return strings.Join(texts, ",")
}

// trySources binds each address once, so that an address that this machine does
// not have is a misuse error rather than a load of failures.
func trySources(list []netip.Addr) error {
	for _, source := range list {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(source, 0)))
		switch {
		case errors.Is(err, syscall.EADDRNOTAVAIL):
			return wrong("%v %s: not an address of this machine", OptionSource, source)
		case err != nil:
			return wrong("%v %s: %s", OptionSource, source, wire.Reason(err))
		}
		_ = c.Close()
	}
	return nil
}
