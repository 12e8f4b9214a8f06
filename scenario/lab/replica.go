package lab

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"

	"nodrop/loadgen"
	"nodrop/scenario"
	"nodrop/scenario/lab/gateway"
	"nodrop/scenario/proc"
)

// replica is one gateway process and the address it serves at.
type replica struct {
	*process
	addr    netip.AddrPort
	site    *gateway.Site // nil for this program
	cut     error         // what was left when its grace was over; set before it is signalled
	leaving bool          // Scale has taken it away; guarded by Fleet.mu
}

func (r *replica) endpoint() loadgen.Endpoint {
	return loadgen.Endpoint{Name: r.name, Addr: r.addr}
}

// awaitServing waits until the replica responds through to the backend.
func (r *replica) awaitServing(ctx context.Context) error {
	if r.site != nil {
		return r.pollServing(ctx)
	}
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

// servingPoll is how often a program is asked that does not say when it is ready.
const servingPoll = 20 * time.Millisecond

// pollServing asks the replica until it responds.
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
		case !r.alive():
			return fmt.Errorf("%s did not start: %w", r.name, r.failure())
		case time.Now().After(timeout):
			return r.withTail(fmt.Errorf("%s does not serve after %v: %w", r.name, readyTimeout, err))
		}
		scenario.Sleep(ctx, servingPoll)
	}
}

// check asks the replica for the backend's first page, once. Whatever the backend
// says to that will do.
func (r *replica) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
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
	if name := resp.Header.Get(gateway.ReplicaHeader); name != r.name {
		return fmt.Errorf("%q answers in its place", name)
	}
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout: // its own words
		return fmt.Errorf("it answers %s", resp.Status)
	}
	return nil
}

// listenerPoll is how often the kernel is asked whether a replica that leaves
// still listens: the mark is at most that late.
const listenerPoll = time.Millisecond

// watchListener tells, as our own children tell themselves, when the replica no
// longer listens. Where that cannot be known, nothing is told.
func (r *replica) watchListener(ctx context.Context) {
	probe, err := proc.NewListenerProbe(r.addr)
	if err != nil {
		return
	}
	defer probe.Close()
	tick := time.NewTicker(listenerPoll)
	defer tick.Stop()
	for {
		if listens, err := probe.Listens(); err != nil {
			return
		} else if !listens {
			offer(r.listenerClosed, time.Now())
			return
		}
		select {
		case <-tick.C:
		case <-r.exited:
			return
		case <-ctx.Done():
			return
		}
	}
}

// exitError says what was wrong with the end of a replica that was asked to
// stop in this way; nil when it went as the way has it.
func (r *replica) exitError(mode gateway.Mode, killed bool) error {
	switch {
	case killed:
		return fmt.Errorf("%s outlived its grace and was killed", r.name)
	case mode == gateway.Abrupt && endedBySignal(r.cmd.ProcessState):
		return nil
	case r.site != nil && r.cut != nil:
		return r.cut
	case r.site != nil:
		return nil // programs end with what status they like when they are asked to
	}
	return r.failure()
}

// end asks the child to end by a signal; our own children by a request, which is
// a signal where there are any.
func (r *replica) end(signal string) error {
	if r.site == nil {
		return r.ask(requestTerm)
	}
	r.asked.Store(true)
	return sendSignal(r.cmd.Process, signal)
}
