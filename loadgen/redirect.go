package loadgen

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
)

var errTooManyRedirects = errors.New("stopped after 10 redirects")

func quote(b []byte) string { return strconv.Quote(string(b)) }

// redirectEndpoint is the address of a host that a redirect led to: looked up
// there and then, the first address of the answer.
func (l *Load) redirectEndpoint(ctx context.Context, t target) (*Endpoint, error) {
	for _, to := range l.cfg.ConnectTo {
		if to.matches(t) {
			return &Endpoint{Name: to.Addr.String(), Addr: to.Addr}, nil
		}
	}
	addr, ok := t.addr()
	if !ok {
		ips, err := lookupHost(ctx, t.host)
		if err != nil {
			return nil, err
		}
		addr = netip.AddrPortFrom(ips[0].Unmap(), t.port)
	}
	return &Endpoint{Name: addr.String(), Addr: addr}, nil
}
