package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
)

// lookupFunc resolves a host; net.Resolver.LookupNetIP with its network bound.
type lookupFunc func(ctx context.Context, host string) ([]netip.Addr, error)

// LookupHost asks the system's resolver. Each call asks for itself, where
// net.DefaultResolver lets those made at the same time share a response.
func LookupHost(ctx context.Context, host string) ([]netip.Addr, error) {
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
