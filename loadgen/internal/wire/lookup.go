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

// lookupFunc resolves a host, like net.Resolver.LookupNetIP with a fixed
// network.
type lookupFunc func(ctx context.Context, host string) ([]netip.Addr, error)

// LookupHost asks the system's resolver. Each call makes its own look-up,
// whereas with net.DefaultResolver concurrent calls share a response.
func LookupHost(ctx context.Context, host string) ([]netip.Addr, error) {
	var asked nameQueries
	r := net.Resolver{Dial: asked.dial}
	ips, err := r.LookupNetIP(ctx, "ip", host)
	if failed, ok := errors.AsType[*net.DNSError](err); ok {
		asked.explain(failed)
	}
	return ips, err
}

// nameQueries records how the sockets of one look-up fared. A net.DNSError has
// that only as text.
type nameQueries struct {
	mu      sync.Mutex    // guards what follows
	failure syscall.Errno // why this machine could not ask; 0 if it could
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
	case errors.Is(err, syscall.EAGAIN): // UDP without a free port
		q.failure = syscall.EADDRNOTAVAIL
	case errors.As(err, &errno):
		// Over UDP, only this machine's routes can make a connect fail.
		if _, client := causeOf(errno); client || strings.HasPrefix(network, "udp") && hasNoRoute(errno) {
			q.failure = errno
		}
	}
	return c, err
}

// explain adds the recorded failure to err, and masks the ports in its text,
// which differ each time.
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
