package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"nodrop/loadgen/record"
)

// DNSMode says when a name is resolved.
type DNSMode string

// The modes. Only with DNSPerConnection can a request fail in the dns stage.
const (
	DNSRefresh       DNSMode = "refresh"        // at the start, and in the background each second
	DNSOnce          DNSMode = "once"           // at the start
	DNSPerConnection DNSMode = "per-connection" // for each connection, inside the request
)

func dnsModeNames() []string {
	return []string{string(DNSRefresh), string(DNSOnce), string(DNSPerConnection)}
}

func (m DNSMode) Validate() error {
	if slices.Contains(dnsModeNames(), string(m)) {
		return nil
	}
	return fmt.Errorf("--dns %q: want one of %s", string(m), strings.Join(dnsModeNames(), ", "))
}

// refreshEvery is how often DNSRefresh looks the name up.
const refreshEvery = time.Second

// lookupFunc resolves a host; net.Resolver.LookupNetIP with its network bound.
type lookupFunc func(ctx context.Context, host string) ([]netip.Addr, error)

// lookupHost asks the system's resolver. Each call asks for itself, where
// net.DefaultResolver lets those made at the same time share an answer.
func lookupHost(ctx context.Context, host string) ([]netip.Addr, error) {
	var asked nameQueries
	r := net.Resolver{Dial: asked.dial}
	ips, err := r.LookupNetIP(ctx, "ip", host)
	if failed, ok := errors.AsType[*net.DNSError](err); ok {
		asked.explain(failed)
	}
	return ips, err
}

// nameQueries is what became of the sockets of one look-up. A net.DNSError says
// it in words only.
type nameQueries struct {
	mu      sync.Mutex    // guards what follows
	failure syscall.Errno // why this machine could not ask; 0 = it could
	sources []net.Addr
}

func (q *nameQueries) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	q.mu.Lock()
	defer q.mu.Unlock()
	var errno syscall.Errno
	switch {
	case err == nil:
		q.sources = append(q.sources, c.LocalAddr())
	case errors.Is(err, syscall.EAGAIN): // UDP's word for it
		q.failure = syscall.EADDRNOTAVAIL
	case errors.As(err, &errno):
		// Over UDP nothing but this machine's routes can fail a connect.
		if _, client := causeOf(errno); client || strings.HasPrefix(network, "udp") && hasNoRoute(errno) {
			q.failure = errno
		}
	}
	return c, err
}

// explain adds what is known to err, and masks the ports in its words, which
// differ each time.
func (q *nameQueries) explain(err *net.DNSError) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, source := range q.sources {
		err.Err = strings.ReplaceAll(err.Err, source.String(), maskedSource(source))
	}
	if q.failure != 0 && err.UnwrapErr == nil {
		err.UnwrapErr = q.failure
	}
}

// fixed takes turns over a list that never changes.
type fixed struct {
	list []*Endpoint
	turn atomic.Uint64
}

func newFixed(addrs []netip.AddrPort) *fixed {
	f := &fixed{}
	for _, a := range addrs {
		f.list = append(f.list, &Endpoint{Name: a.String(), Addr: a})
	}
	return f
}

// Next is the endpoint after the last one given.
func (f *fixed) Next(context.Context) (*Endpoint, error) {
	return f.list[(f.turn.Add(1)-1)%uint64(len(f.list))], nil
}

// resolver takes turns over the addresses of a name, of one address family.
type resolver struct {
	host   string
	port   uint16
	family func(netip.Addr) bool
	lookup lookupFunc
	list   atomic.Pointer[fixed]
	note   func(record.Mark) // told when a look-up in the background fails
	since  func() int64
}

// Next is the next address of the last look-up that succeeded.
func (r *resolver) Next(ctx context.Context) (*Endpoint, error) {
	return r.list.Load().Next(ctx)
}

// addrs looks the name up; there is at least one, in the resolver's order.
func (r *resolver) addrs(ctx context.Context) ([]netip.AddrPort, error) {
	ips, err := r.lookup(ctx, r.host)
	if err != nil {
		return nil, err
	}
	addrs := make([]netip.AddrPort, 0, len(ips))
	for _, ip := range ips {
		if r.family == nil || r.family(ip) {
			addrs = append(addrs, netip.AddrPortFrom(ip.Unmap(), r.port))
		}
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: r.host, IsNotFound: true}
	}
	return addrs, nil
}

// resolve looks the name up and keeps the answer; on failure the old addresses
// stay.
func (r *resolver) resolve(ctx context.Context) error {
	addrs, err := r.addrs(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(addrs, netip.AddrPort.Compare)
	if old := r.list.Load(); old != nil && sameAddrs(old.list, addrs) {
		return nil
	}
	r.list.Store(newFixed(addrs))
	return nil
}

func sameAddrs(list []*Endpoint, addrs []netip.AddrPort) bool {
	return slices.EqualFunc(list, addrs, func(e *Endpoint, a netip.AddrPort) bool { return e.Addr == a })
}

// refresh resolves again at each tick until ctx ends. Only a change from
// working to failing is noted, so that a dead name server is one mark, not one
// a second.
func (r *resolver) refresh(ctx context.Context, tick <-chan time.Time) {
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		lookupCtx, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := r.resolve(lookupCtx)
		cancel()
		if err != nil && !failing && ctx.Err() == nil {
			at := r.since()
			r.note(record.Mark{Kind: record.MarkNote, Name: "look-up of " + r.host + " failed; old addresses stay", Start: at, End: at, Error: err.Error()})
		}
		failing = err != nil
	}
}

// perConnection looks the name up for every connection.
type perConnection struct {
	*resolver
	turn atomic.Uint64
}

// Next resolves and takes the next address of the answer.
func (p *perConnection) Next(ctx context.Context) (*Endpoint, error) {
	addrs, err := p.addrs(ctx)
	if err != nil {
		return nil, err
	}
	addr := addrs[(p.turn.Add(1)-1)%uint64(len(addrs))]
	return &Endpoint{Name: addr.String(), Addr: addr}, nil
}

// ResolveError says that a name could not be resolved before the load.
type ResolveError struct {
	Flag string // that gave the name; "" = the URL did
	Host string
	Err  error
}

func (e *ResolveError) Error() string {
	name, why := e.Host, fmt.Sprint(e.Err)
	if e.Flag != "" {
		name = e.Flag + " " + name
	}
	if lookup, ok := errors.AsType[*net.DNSError](e.Err); ok {
		why = lookup.Err
	}
	return name + ": does not resolve: " + why
}

func (e *ResolveError) Unwrap() error { return e.Err }

// chooseFamily decides, for a name with addresses of both families, which one
// the load goes to: the first, in the resolver's order, that takes a trial
// connection; without any, the first. Spreading over both would count a server
// that listens on one of them as half lost. note is a sentence for the report,
// "" when there was nothing to choose.
func chooseFamily(ctx context.Context, ips []netip.Addr, port uint16) (family func(netip.Addr) bool, note string) {
	first := familyOf(ips[0])
	other := slices.IndexFunc(ips, func(ip netip.Addr) bool { return familyName(ip) != familyName(ips[0]) })
	if other < 0 {
		return nil, ""
	}
	for _, ip := range []netip.Addr{ips[0], ips[other]} {
		if tryConnect(ctx, netip.AddrPortFrom(ip.Unmap(), port)) {
			return familyOf(ip), fmt.Sprintf("the name has IPv4 and IPv6 addresses: only %s is used, the first that took a trial connection", familyName(ip))
		}
	}
	return first, fmt.Sprintf("the name has IPv4 and IPv6 addresses, neither took a trial connection: %s is used", familyName(ips[0]))
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

func familyName(ip netip.Addr) string {
	if ip.Unmap().Is4() {
		return "IPv4"
	}
	return "IPv6"
}

func familyOf(ip netip.Addr) func(netip.Addr) bool {
	want := familyName(ip)
	return func(ip netip.Addr) bool { return familyName(ip) == want }
}
