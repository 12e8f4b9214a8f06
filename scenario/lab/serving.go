package lab

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"

	"nodrop/scenario"
	"nodrop/scenario/lab/gateway"
)

// awaitServing waits until the replica forwards a response from the backend.
func (r *replica) awaitServing(ctx context.Context) error {
	if r.site != nil {
		return r.pollServing(ctx)
	}
	addr, err := r.awaitReady(ctx)
	if err != nil {
		return err
	}
	if r.addr, err = netip.ParseAddrPort(addr); err != nil {
		return fmt.Errorf("%s reports that it listens on %q, which is not an address", r.Name, addr)
	}
	if err := r.check(ctx); err != nil {
		return r.withTail(fmt.Errorf("%s does not serve: %w", r.Name, err))
	}
	return nil
}

// servingPoll is the interval between checks of a program that does not report
// when it is ready.
const servingPoll = 20 * time.Millisecond

func (r *replica) pollServing(ctx context.Context) error {
	r.addr = r.site.Listen
	timeout := time.Now().Add(readyTimeout)
	for {
		err := r.check(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !r.Alive():
			return fmt.Errorf("%s did not start: %w", r.Name, r.failure())
		case time.Now().After(timeout):
			return r.withTail(fmt.Errorf("%s is not serving after %v: %w", r.Name, readyTimeout, err))
		}
		scenario.Sleep(ctx, servingPoll)
	}
}

// check requests the backend's first page once, as the load will. Any response
// from the backend will do.
func (r *replica) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.proto.Scheme()+"://"+r.addr.String()+"/", nil)
	if err != nil {
		return err
	}
	transport := r.proto.Transport(r.roots)
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if http2 := resp.ProtoMajor == 2; http2 != r.proto.HTTP2() {
		return fmt.Errorf("it speaks %s", resp.Proto)
	}
	if name := resp.Header.Get(gateway.ReplicaHeader); name != r.Name {
		return fmt.Errorf("%q responds in its place", name)
	}
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout: // from the gateway itself
		return fmt.Errorf("it responds %s", resp.Status)
	}
	return nil
}
