package lab

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"

	"nodrop/loadgen"
)

// replica is one gateway process and the address it serves at.
type replica struct {
	*process
	addr    netip.AddrPort
	leaving bool // Scale has taken it away; guarded by Fleet.mu
}

func (r *replica) endpoint() loadgen.Endpoint {
	return loadgen.Endpoint{Name: r.name, Addr: r.addr}
}

// awaitServing waits until the replica answers through to the backend.
func (r *replica) awaitServing(ctx context.Context) error {
	addr, err := r.awaitReady(ctx)
	if err != nil {
		return err
	}
	if r.addr, err = netip.ParseAddrPort(addr); err != nil {
		return fmt.Errorf("%s is ready at %q, which is no address", r.name, addr)
	}
	if err := r.check(ctx); err != nil {
		return r.withTail(fmt.Errorf("%s does not serve: %w", r.name, err))
	}
	return nil
}

// check asks the replica for the backend's page, once.
func (r *replica) check(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.addr.String()+"/", nil)
	if err != nil {
		return err
	}
	transport := http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if name := resp.Header.Get(ReplicaHeader); name != r.name {
		return fmt.Errorf("%q answers in its place", name)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", resp.Status)
	}
	return nil
}

// exitError says what was wrong with the end of a replica that was asked to
// stop in this way; nil when it went as the way has it.
func (r *replica) exitError(mode StopMode, killed bool) error {
	switch {
	case killed:
		return fmt.Errorf("%s outlived its grace and was killed", r.name)
	case mode == Abrupt && endedBySignal(r.cmd.ProcessState):
		return nil
	}
	return r.failure()
}
