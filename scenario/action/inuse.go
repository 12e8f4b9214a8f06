package action

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"

	"nodrop/loadgen/misuse"
	"nodrop/scenario"
	"nodrop/scenario/proc"
)

// InUseError is the error of a process whose port is held by another program:
// the load would go to the wrong server.
type InUseError struct{ misuse misuse.Error }

func (e *InUseError) Error() string { return e.misuse.Problem }

// Unwrap returns the error with its hint.
func (e *InUseError) Unwrap() error { return &e.misuse }

func inUse(addr netip.AddrPort, what string, h *proc.Holder) error {
	return &InUseError{misuse.Error{
		Problem: fmt.Sprintf("%s %s %s", addr, what, h),
		Hint:    "stop it, or choose another port; if another program is supposed to listen there, use ready: line or ready: exec",
	}}
}

const lookUpBound = 5 * time.Second

// addresses lists the probed addresses that are on this machine.
func (p *Probe) addresses(ctx context.Context) []netip.AddrPort {
	return slices.DeleteFunc(p.resolved(ctx), func(addr netip.AddrPort) bool { return !isHere(addr.Addr()) })
}

// served returns the address at which the probe, which has succeeded, reached
// the process; not valid if the probe connects to none.
func (p *Probe) served(ctx context.Context) netip.AddrPort {
	list := p.resolved(ctx)
	for _, addr := range list { // a name may have several addresses
		if proc.Listens(addr) {
			return addr
		}
	}
	if len(list) == 0 {
		return netip.AddrPort{}
	}
	return list[0]
}

// resolved lists the probed addresses, in the order in which the resolver
// prefers them.
func (p *Probe) resolved(ctx context.Context) []netip.AddrPort {
	if p.TCP == "" && p.HTTP == nil {
		return nil
	}
	host, port := p.hostPort()
	number, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return nil // the probe itself reports this error
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpBound)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", cmp.Or(host, "localhost"))
	if err != nil {
		return nil
	}
	var list []netip.AddrPort
	for _, ip := range ips {
		list = append(list, netip.AddrPortFrom(reached(ip), uint16(number))) //nolint:gosec // a port has 16 bits
	}
	return list
}

// hostPort returns where the probe connects to, or "" if it does not connect.
func (p *Probe) hostPort() (host, port string) {
	if p.HTTP == nil {
		host, port, _ = net.SplitHostPort(p.TCP)
		return host, port
	}
	u, err := url.Parse(p.HTTP.URL)
	if err != nil {
		return "", ""
	}
	plain := map[string]int{"http": 80, "https": 443}[u.Scheme]
	return u.Hostname(), cmp.Or(u.Port(), strconv.Itoa(plain))
}

// reached returns the address that a connection to ip reaches.
func reached(ip netip.Addr) netip.Addr {
	switch ip = ip.Unmap(); ip {
	case netip.IPv4Unspecified():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case netip.IPv6Unspecified():
		return netip.IPv6Loopback()
	}
	return ip
}

func isHere(ip netip.Addr) bool {
	if ip.IsLoopback() {
		return true
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range own {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip.AsSlice()) {
			return true
		}
	}
	return false
}

// foreign returns an error if a process that nodrop has not started listens at
// a probed address. unknown says whether a listener that cannot be identified
// counts. Errors of the lookup itself are ignored.
func (p *Probe) foreign(ctx context.Context, processes *proc.Group, what string, unknown bool) error {
	if p.TCP == "" && p.HTTP == nil {
		return nil
	}
	for _, addr := range p.addresses(ctx) {
		h, err := processes.HolderOf(addr)
		if err == nil && h != nil && !h.Ours && (unknown || h.PID != 0) {
			return inUse(addr, what, h)
		}
	}
	return nil
}

// responds returns an error if another process of the scenario, such as the one
// that s is to replace, accepts the connections at its port.
func (s *Start) responds(ctx context.Context, env *scenario.Env) error {
	for _, addr := range s.Ready.addresses(ctx) {
		if h := env.Processes.Rival(s.process, addr); h != nil {
			return fmt.Errorf("%s accepts connections at %s, not %s", h, addr, s.Name)
		}
	}
	return nil
}
