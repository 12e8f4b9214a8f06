package wire

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"nodrop/loadgen/record"
)

// Resolver cycles through the addresses of a host name. If Family is set, it keeps
// only the addresses that match.
type Resolver struct {
	Host    string
	Port    uint16
	Family  func(netip.Addr) bool
	lookup  lookupFunc
	known   atomic.Pointer[Fixed]
	mark    func(record.Mark) // called when a look-up in the background fails
	elapsed func() int64      // ns since the start of the run
}

// NewResolver returns a Resolver for a host and looks nothing up yet. Look-ups
// that fail later, in the background, are passed to mark, at the time that
// elapsed returns, in ns since the start of the run.
func NewResolver(host string, port uint16, mark func(record.Mark), elapsed func() int64) *Resolver {
	return &Resolver{Host: host, Port: port, lookup: LookupHost, mark: mark, elapsed: elapsed}
}

// Known returns the addresses of the last successful look-up.
func (r *Resolver) Known() []*Endpoint {
	if list := r.known.Load(); list != nil {
		return list.list
	}
	return nil
}

// Next returns the next address of the last successful look-up, which there must
// have been.
func (r *Resolver) Next(ctx context.Context) (*Endpoint, error) {
	return r.known.Load().Next(ctx)
}

// addrs looks the name up. It returns at least one address, in the resolver's
// order, or an error.
func (r *Resolver) addrs(ctx context.Context) ([]netip.AddrPort, error) {
	ips, err := r.lookup(ctx, r.Host)
	if err != nil {
		return nil, err
	}
	addrs := make([]netip.AddrPort, 0, len(ips))
	for _, ip := range ips {
		if r.Family == nil || r.Family(ip) {
			addrs = append(addrs, netip.AddrPortFrom(ip.Unmap(), r.Port))
		}
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: r.Host, IsNotFound: true}
	}
	return addrs, nil
}

// Resolve looks the name up and keeps the addresses; on failure the old ones
// stay.
func (r *Resolver) Resolve(ctx context.Context) error {
	addrs, err := r.addrs(ctx)
	if err != nil {
		return err
	}
	// Name servers rotate their lists: sorted, only a real change replaces the old one.
	slices.SortFunc(addrs, netip.AddrPort.Compare)
	if old := r.known.Load(); old != nil && sameAddrs(old.list, addrs) {
		return nil
	}
	r.known.Store(NewFixed(addrs))
	return nil
}

func sameAddrs(list []*Endpoint, addrs []netip.AddrPort) bool {
	return slices.EqualFunc(list, addrs, func(e *Endpoint, a netip.AddrPort) bool { return e.Addr == a })
}

// Refresh resolves again at each tick until ctx ends. It marks only a change
// from success to failure, so that a dead name server makes one mark, not one
// per second.
func (r *Resolver) Refresh(ctx context.Context, tick <-chan time.Time) {
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		lookupCtx, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := r.Resolve(lookupCtx)
		cancel()
		if err != nil && !failing && ctx.Err() == nil {
			at := r.elapsed()
			r.mark(record.Mark{Kind: record.MarkNote, Name: "DNS lookup of " + r.Host + " failed; nodrop keeps the old addresses", Start: at, End: at, Error: err.Error()})
		}
		failing = err != nil
	}
}

// PerConnection looks the name up for every connection.
type PerConnection struct {
	*Resolver
	turn atomic.Uint64
}

// Next resolves the name and returns the next address of the response.
func (p *PerConnection) Next(ctx context.Context) (*Endpoint, error) {
	addrs, err := p.addrs(ctx)
	if err != nil {
		return nil, err
	}
	addr := addrs[(p.turn.Add(1)-1)%uint64(len(addrs))]
	return &Endpoint{Name: addr.String(), Addr: addr}, nil
}
