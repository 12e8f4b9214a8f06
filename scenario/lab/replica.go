package lab

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"nodrop/loadgen"
	"nodrop/scenario/lab/gateway"
	"nodrop/scenario/proc"
)

// replica is one gateway process and its address.
type replica struct {
	*member
	addr    netip.AddrPort
	site    *gateway.Site // nil for the builtin gateway
	proto   gateway.Proto
	roots   *x509.CertPool // of its certificate; nil without TLS
	cut     error          // connections left at the end of the grace period; set before the signal
	leaving bool           // Scale has selected it; guarded by Fleet.mu
}

func (r *replica) endpoint() loadgen.Endpoint {
	return loadgen.Endpoint{Name: r.Name, Addr: r.addr}
}

func endpointsOf(list []*replica) []loadgen.Endpoint {
	var endpoints []loadgen.Endpoint
	for _, r := range list {
		endpoints = append(endpoints, r.endpoint())
	}
	return endpoints
}

// startReplicas starts n replicas and waits until all of them serve.
func (f *Fleet) startReplicas(ctx context.Context, n int) (started []*replica, err error) {
	if _, err := f.group.Guard(ctx); err != nil { // spawn could not be interrupted
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	for range n {
		r, err := f.startReplica()
		if err != nil {
			group.Go(func() error { return err })
			break
		}
		started = append(started, r)
		group.Go(func() error { return r.awaitServing(ctx) })
	}
	return started, group.Wait()
}

// startReplica starts the next replica. Names and addresses are not reused.
func (f *Fleet) startReplica() (*replica, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := &replica{proto: f.options.Proto, roots: f.certificate.Issuers()}
	i := len(f.replicas) + 1
	name, host := fmt.Sprintf("gw-%d", i), replicaHost(runtime.GOOS, i)
	var err error
	if f.gateway.Own() {
		r.member, err = f.spawn(name, f.command(f.builtinArgs(name, host)...), false)
	} else {
		err = f.startProgram(r, name, host)
	}
	if err != nil {
		return nil, err
	}
	f.replicas = append(f.replicas, r)
	if f.watch != nil {
		go f.watchCrash(r.member, f.watch)
	}
	return r, nil
}

// builtinArgs returns the arguments of a replica of the builtin gateway.
func (f *Fleet) builtinArgs(name string, host netip.Addr) []string {
	args := []string{
		gatewayCommand,
		"--name", name,
		"--listen", host.String() + ":0",
		"--backend", f.upstream,
		"--proto", string(f.options.Proto),
		"--stop", string(f.options.Stop),
		"--grace", f.options.Grace.String(),
		"--backend-idle", f.options.idleTime().String(),
	}
	if f.certificate != nil {
		args = append(args, "--certificate", f.certificate.File)
	}
	return args
}

// Replicas returns the names of running replicas, gw-1 first.
func (f *Fleet) Replicas() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for _, r := range f.replicas {
		if r.Alive() {
			names = append(names, r.Name)
		}
	}
	return names
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
		case <-r.Ended:
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
		return fmt.Errorf("%s did not exit within its grace period and was killed", r.Name)
	case mode == gateway.Abrupt && endedBySignal(r.Err):
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
		return r.request(requestTerm)
	}
	r.Ask()
	return sendSignal(r.member, signal)
}
