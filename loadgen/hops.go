package loadgen

import (
	"context"
	"net/netip"
	"strings"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
)

// newHop is the request for t, with what the Config says of it.
func (l *Load) newHop(t target.Target, method string, body engine.Payload, sameHost bool) engine.Hop {
	req := l.cfg.request(t, method, body, sameHost)
	if method != l.cfg.Method || l.body.Len() > 0 && body.Len() == 0 {
		req.Fields = withoutContent(req.Fields)
	}
	h := engine.Hop{Target: t, Key: t.Origin(), Address: t.Hostport(), Method: method, Body: body, SameHost: sameHost, Bytes: req.Append(nil)}
	if l.isHome(t) {
		h.Home, h.Address = true, l.address
	}
	// Without a body there is nothing to wait with, and a server may leave the
	// 100 out (RFC 9110 §10.1.1): the field is sent as it was given, no more.
	h.Expects = body.Len() > 0 && hasElement(req.Fields, "expect", "100-continue")
	if l.cfg.asksProxy(t) {
		h.Key = "http proxy" // carries requests to any host
	} else {
		h.Tunnel = l.cfg.Proxy != nil
	}
	if t.TLS {
		h.TLS = l.cfg.tlsConfig(t, sameHost)
	}
	return h
}

// isHome reports whether connections for t go where those of the first hop go.
func (l *Load) isHome(t target.Target) bool {
	return l.allRoutes() || strings.EqualFold(t.Hostport(), l.target.Hostport())
}

// allRoutes reports whether connections go to one place whatever the hop's host.
func (l *Load) allRoutes() bool { return l.cfg.Proxy != nil || l.cfg.UnixSocket != "" }

// redirectEndpoint is the address of a host that a redirect led to: looked up
// there and then, the first address of the response.
func (l *Load) redirectEndpoint(ctx context.Context, t target.Target) (*wire.Endpoint, error) {
	for _, to := range l.cfg.ConnectTo {
		if to.matches(t) {
			return &wire.Endpoint{Name: to.Addr.String(), Addr: to.Addr}, nil
		}
	}
	addr, ok := t.Addr()
	if !ok {
		ips, err := wire.LookupHost(ctx, t.Host)
		if err != nil {
			return nil, err
		}
		addr = netip.AddrPortFrom(ips[0].Unmap(), t.Port)
	}
	return &wire.Endpoint{Name: addr.String(), Addr: addr}, nil
}
