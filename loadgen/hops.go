package loadgen

import (
	"context"
	"net/netip"
	"strings"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
)

// newHop builds the request for t from the Config.
func (l *Load) newHop(t target.Target, method string, body engine.Payload, sameHost bool) engine.Hop {
	plain := l.cfg.request(t, method, body, sameHost)
	if method != l.cfg.Method || l.body.Len() > 0 && body.Len() == 0 {
		plain.Fields = withoutContent(plain.Fields)
	}
	h := engine.Hop{Target: t, Key: t.Origin(), Address: t.Hostport(), Method: method, Body: body, SameHost: sameHost, Bytes: plain.Append(nil)}
	if l.isHome(t) {
		h.Home, h.Address = true, l.address
	}
	// Without a body there is nothing to hold back, and the server may omit the
	// 100 (RFC 9110 §10.1.1), so the field is sent but nothing waits for it.
	h.Expects = body.Len() > 0 && hasElement(plain.Fields, "expect", "100-continue")
	if l.cfg.asksProxy(t) {
		h.Key = "http proxy" // this connection carries requests to any host
	} else {
		h.Tunnel = l.cfg.Proxy != nil
	}
	shared := l.job.Streams > 0 && t.Origin() == l.target.Origin() // other hosts get HTTP/1.1
	switch {
	case t.TLS && shared:
		h.TLS = l.cfg.homeTLS(t)
	case t.TLS:
		h.TLS = l.cfg.tlsConfig(t, sameHost)
	}
	if shared {
		req := l.cfg.h2Request(t, method, body, sameHost)
		req.Fields, req.Expects = plain.Fields, h.Expects
		h.HTTP2 = req.Prepare()
	}
	return h
}

// isHome reports whether connections for t go to the same place as the first
// hop's.
func (l *Load) isHome(t target.Target) bool {
	return l.allRoutes() || strings.EqualFold(t.Hostport(), l.target.Hostport())
}

// allRoutes reports whether all connections go to one place, whatever the hop's
// host.
func (l *Load) allRoutes() bool { return l.cfg.Proxy != nil || l.cfg.UnixSocket != "" }

// redirectEndpoint is the address of a host that a redirect led to. It resolves
// the name at once and takes the first address.
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
