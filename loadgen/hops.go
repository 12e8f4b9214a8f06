package loadgen

import (
	"context"
	"net/netip"
	"strings"

	"nodrop/loadgen/internal/wire"
)

// newHop is the request for t, with what the Config says of it.
func (l *Load) newHop(t target, method string, body payload, sameHost bool) hop {
	req := l.cfg.request(t, method, body, sameHost)
	if method != l.cfg.Method || l.body.len() > 0 && body.len() == 0 {
		req.Fields = withoutContent(req.Fields)
	}
	h := hop{target: t, key: t.origin(), address: t.hostport(), method: method, body: body, sameHost: sameHost, bytes: req.Append(nil)}
	if l.isHome(t) {
		h.home, h.address = true, l.address
	}
	// Without a body there is nothing to wait with, and a server may leave the
	// 100 out (RFC 9110 §10.1.1): the field is sent as it was given, no more.
	h.expects = body.len() > 0 && hasElement(req.Fields, "expect", "100-continue")
	if l.cfg.asksProxy(t) {
		h.key = "http proxy" // carries requests to any host
	} else {
		h.tunnel = l.cfg.Proxy != nil
	}
	if t.tls {
		h.tls = l.cfg.tlsConfig(t, sameHost)
	}
	return h
}

// isHome reports whether connections for t go where those of the first hop go.
func (l *Load) isHome(t target) bool {
	return l.allRoads() || strings.EqualFold(t.hostport(), l.target.hostport())
}

// allRoads reports whether connections go to one place whatever the hop's host.
func (l *Load) allRoads() bool { return l.cfg.Proxy != nil || l.cfg.UnixSocket != "" }

// redirectEndpoint is the address of a host that a redirect led to: looked up
// there and then, the first address of the answer.
func (l *Load) redirectEndpoint(ctx context.Context, t target) (*wire.Endpoint, error) {
	for _, to := range l.cfg.ConnectTo {
		if to.matches(t) {
			return &wire.Endpoint{Name: to.Addr.String(), Addr: to.Addr}, nil
		}
	}
	addr, ok := t.addr()
	if !ok {
		ips, err := wire.LookupHost(ctx, t.host)
		if err != nil {
			return nil, err
		}
		addr = netip.AddrPortFrom(ips[0].Unmap(), t.port)
	}
	return &wire.Endpoint{Name: addr.String(), Addr: addr}, nil
}
