package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"

	"nodrop/loadgen"
	"nodrop/scenario"
	"nodrop/scenario/lab/dataplane"
	"nodrop/scenario/lab/gateway"
	"nodrop/scenario/proc"
)

// Fleet is a running lab. Every Fleet must be stopped.
type Fleet struct {
	options  Options
	gateway  *gateway.Gateway
	program  string             // path of the gateway's program; "" means this one
	version  string             // of an installed gateway; "" for the builtin
	dir      string             // contains the sites; "" if there are none
	balancer dataplane.Balancer // of the Dialer
	table    dataplane.Table
	log      complaints

	guardian *process
	backend  *process
	upstream string            // HOST:PORT of the backend
	bridge   *dataplane.Bridge // to a backend outside the namespace; nil if not needed

	mu       sync.Mutex            // guards all below, and each replica's leaving
	replicas []*replica            // gw-1 first; includes those that have left
	watch    func(scenario.Moment) // nil until Watch
}

// Start starts guardian, backend and replicas, and returns once every replica
// serves and is in the balancer. After an error nothing is left running.
func Start(ctx context.Context, o Options) (*Fleet, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	f := &Fleet{options: o, log: complaints{to: o.Stderr}}
	if err := f.start(ctx); err != nil {
		// Killing does not wait, so this needs no timeout.
		return nil, errors.Join(err, f.Stop(context.WithoutCancel(ctx)))
	}
	return f, nil
}

func (f *Fleet) start(ctx context.Context) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.options.Executable == "" {
		if f.options.Executable, err = os.Executable(); err != nil {
			return err
		}
	}
	if f.guardian, err = f.spawn("guardian", proc.GuardianCommand); err != nil {
		return err
	}
	if _, err = f.guardian.awaitReady(ctx); err != nil {
		return err
	}
	f.table = dataplane.DialerTable{Balancer: &f.balancer}
	if f.options.Dataplane == dataplane.NFT {
		if f.table, err = dataplane.NewKernelTable(); err != nil {
			return err
		}
	}
	if err := f.prepare(ctx); err != nil {
		return err
	}
	switch f.upstream = f.options.Backend; {
	case f.upstream != "" && f.options.Dataplane == dataplane.NFT:
		if f.bridge, err = dataplane.NewBridge(f.upstream, func() (net.Listener, error) { return listen(ctx, "127.0.0.1:0") }); err != nil {
			return err
		}
		f.upstream = f.bridge.Address()
	case f.upstream == "":
		if f.backend, err = f.spawn("backend", backendCommand); err != nil {
			return err
		}
		if f.upstream, err = f.backend.awaitReady(ctx); err != nil {
			return err
		}
	}
	list, err := f.startReplicas(ctx, f.options.Replicas)
	if err != nil {
		return err
	}
	return f.table.Add(endpointsOf(list)...)
}

// Gateway returns the gateway's name and, if it is installed, its version.
func (f *Fleet) Gateway() string { return strings.TrimSpace(f.gateway.Name + " " + f.version) }

// String describes the gateways and how they stop.
func (f *Fleet) String() string {
	return fmt.Sprintf("gateways: %d × %s, %s: %s", f.options.Replicas, f.Gateway(), f.options.Stop, f.gateway.Stops[f.options.Stop].Told(f.options.PreStop))
}

// spawn starts this program as a child, in the guardian's group if it exists.
func (f *Fleet) spawn(name string, args ...string) (*process, error) {
	cmd, leader := exec.Command(f.options.Executable, args...), 0 //nolint:noctx // its end is the fleet's part, in order, not a context's
	if f.guardian != nil {
		leader = f.guardian.cmd.Process.Pid
	} else {
		proc.Untag(cmd)
	}
	return startProcess(name, cmd, leader, &f.log)
}

// Endpoints returns the balancer; nil if it is in the kernel.
func (f *Fleet) Endpoints() loadgen.Endpoints {
	if f.options.Dataplane == dataplane.NFT {
		return nil
	}
	return &f.balancer
}

// processes returns every child that was started, the guardian first.
func (f *Fleet) processes() []*process {
	var all []*process
	if f.guardian != nil {
		all = append(all, f.guardian)
	}
	if f.backend != nil {
		all = append(all, f.backend)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.replicas {
		all = append(all, r.process)
	}
	return all
}

// Stop kills what is left. It returns once it has waited for every child, the
// guardian last, or when ctx ends; then children may end unobserved. Stop may
// be called twice.
func (f *Fleet) Stop(ctx context.Context) error {
	all := f.processes()
	if len(all) == 0 {
		return nil
	}
	defer func() {
		if f.bridge != nil {
			f.bridge.Close()
		}
		if f.dir != "" {
			_ = os.RemoveAll(f.dir) // it contains nothing worth keeping
		}
	}()
	for _, p := range all[1:] {
		p.kill()
	}
	var err error
	for _, p := range all[1:] {
		err = errors.Join(err, p.awaitExit(ctx))
	}
	// When its control pipe closes, the guardian kills its group, including any
	// processes that the children started, and itself.
	f.guardian.asked.Store(true)
	_ = f.guardian.stdin.Close()
	own, cancel := context.WithTimeout(ctx, exitMargin)
	defer cancel()
	if f.guardian.awaitExit(own) != nil {
		f.guardian.kill() // the process does not behave as a guardian
	}
	if err = errors.Join(err, f.guardian.awaitExit(ctx)); err != nil {
		return ctx.Err() // all errors come from ctx; one is enough
	}
	return nil
}
