package loadgen

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
)

// ParseSources reads --source: addresses of this machine, separated by commas.
func ParseSources(s string) ([]netip.Addr, error) {
	var list []netip.Addr
	for text := range strings.SplitSeq(s, ",") {
		addr, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("--source %q: %q is not an IP address", s, text)
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
		return errors.New("--source and --unix-socket: a Unix socket has no source address")
	}
	for _, source := range c.Sources {
		if source.IsUnspecified() || source.IsMulticast() {
			return fmt.Errorf("--source %s: connections cannot come from this address", source)
		}
		if first := c.Sources[0]; wire.FamilyName(source) != wire.FamilyName(first) {
			return fmt.Errorf("--source %s: %s is %s, but %s is %s; use only one family", joinAddrs(c.Sources), first, wire.FamilyName(first), source, wire.FamilyName(source))
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
		return fmt.Errorf("--source %s: is %s, but %s is %s", source, wire.FamilyName(source), to, wire.FamilyName(to))
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
			return fmt.Errorf("--source %s: not an address of this machine", source)
		case err != nil:
			return fmt.Errorf("--source %s: %s", source, wire.Reason(err))
		}
		_ = c.Close()
	}
	return nil
}
