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

// replica is one gateway process and its address.
type replica struct {
	*process
	addr    netip.AddrPort
	site    *gateway.Site // nil for the builtin gateway
	cut     error         // connections left at the end of the grace period; set before the signal
	leaving bool          // Scale has selected it; guarded by Fleet.mu
}

func (r *replica) endpoint() loadgen.Endpoint {
	return loadgen.Endpoint{Name: r.name, Addr: r.addr}
}

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
		return fmt.Errorf("%s is ready at %q, which is no address", r.name, addr)
	}
	if err := r.check(ctx); err != nil {
		return r.withTail(fmt.Errorf("%s does not serve: %w", r.name, err))
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
		case !r.alive():
			return fmt.Errorf("%s did not start: %w", r.name, r.failure())
		case time.Now().After(timeout):
			return r.withTail(fmt.Errorf("%s does not serve after %v: %w", r.name, readyTimeout, err))
		}
		scenario.Sleep(ctx, servingPoll)
	}
}

// check requests the backend's first page once. Any response from the backend
// will do.
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
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout: // from the gateway itself
		return fmt.Errorf("it answers %s", resp.Status)
	}
	return nil
}

// listenerPoll is how often the kernel is asked whether a leaving replica still
// listens; the mark is late by at most this much.
const listenerPoll = time.Millisecond

// watchListener reports when the replica stops listening, as the builtin
// gateway does itself. If this cannot be determined, it reports nothing.
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

// exitError returns what was wrong with a replica's exit in this stop mode; nil
// if it was as expected.
func (r *replica) exitError(mode gateway.Mode, killed bool) error {
	switch {
	case killed:
		return fmt.Errorf("%s outlived its grace and was killed", r.name)
	case mode == gateway.Abrupt && endedBySignal(r.cmd.ProcessState):
		return nil
	case r.site != nil && r.cut != nil:
		return r.cut
	case r.site != nil:
		return nil // after a stop request, programs exit with any status
	}
	return r.failure()
}

// end stops the child with a signal. For the builtin gateway it sends a
// request, which is a signal on systems that have them.
func (r *replica) end(signal string) error {
	if r.site == nil {
		return r.ask(requestTerm)
	}
	r.asked.Store(true)
	return sendSignal(r.cmd.Process, signal)
}
