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
	"nodrop/scenario/lab/certificate"
	"nodrop/scenario/lab/dataplane"
	"nodrop/scenario/lab/gateway"
	"nodrop/scenario/proc"
)

// Fleet is a running lab. Every Fleet must be stopped.
type Fleet struct {
	options     Options
	gateway     *gateway.Gateway
	program     string                   // path of the gateway's program; "" means this one
	version     string                   // of an installed gateway; "" for the builtin
	dir         string                   // contains the sites; "" if there are no files
	certificate *certificate.Certificate // of every replica; nil without TLS
	balancer    dataplane.Balancer       // of the Dialer
	table       dataplane.Table
	log         complaints

	group    *proc.Group // holds its processes
	guardian *proc.Process
	backend  *member   // nil if it is not ours
	stopOnce sync.Once // closes stopped
	stopped  chan struct{}
	upstream string            // HOST:PORT of the backend
	bridge   *dataplane.Bridge // to a backend outside the namespace; nil if not needed

	mu       sync.Mutex            // guards all below, and each replica's leaving
	replicas []*replica            // gw-1 first; includes those that have left
	watch    func(scenario.Moment) // nil until Watch
}

// Start starts backend and replicas, guarded, and returns once every replica
// serves and is in the balancer. After an error nothing is left running.
func Start(ctx context.Context, o Options) (*Fleet, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	f := &Fleet{options: o, log: complaints{to: o.Stderr}, group: o.Processes, stopped: make(chan struct{})}
	if f.group == nil {
		f.group = &proc.Group{Executable: o.Executable}
	}
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
	if f.guardian, err = f.group.Guard(ctx); err != nil {
		return err
	}
	f.table = dataplane.DialerTable{Balancer: &f.balancer}
	if f.options.Dataplane == dataplane.NFT {
		if f.table, err = dataplane.NewKernelTable(f.options.Proto.Port()); err != nil {
			return err
		}
	}
	if err := f.prepare(ctx); err != nil {
		return err
	}
	if err := f.connectBackend(ctx); err != nil {
		return err
	}
	list, err := f.startReplicas(ctx, f.options.Replicas)
	if err != nil {
		return err
	}
	return f.table.Add(endpointsOf(list)...)
}

// connectBackend starts our backend or, if there is another one, makes it
// reachable.
func (f *Fleet) connectBackend(ctx context.Context) (err error) {
	switch f.upstream = f.options.Backend; {
	case f.upstream != "" && f.options.Dataplane == dataplane.NFT:
		if f.bridge, err = dataplane.NewBridge(f.upstream, func() (net.Listener, error) { return listen(ctx, "127.0.0.1:0") }); err != nil {
			return err
		}
		f.upstream = f.bridge.Address()
	case f.upstream == "":
		if f.backend, err = f.spawn("backend", f.command(backendCommand), false); err != nil {
			return err
		}
		f.upstream, err = f.backend.awaitReady(ctx)
	}
	return err
}

// Gateway returns the gateway's name and, if it is installed, its version.
func (f *Fleet) Gateway() string { return strings.TrimSpace(f.gateway.Name + " " + f.version) }

// String describes the gateways, what they speak and how they stop.
func (f *Fleet) String() string {
	what := f.Gateway()
	if proto := f.options.Proto.Describe(); proto != "" {
		what += ", " + proto
	}
	return fmt.Sprintf("gateways: %d × %s, %s: %s", f.options.Replicas, what, f.options.Stop, f.gateway.Stops[f.options.Stop].Describe(f.options.PreStop))
}

// command returns this program as a child with these arguments.
func (f *Fleet) command(args ...string) *exec.Cmd {
	return exec.Command(f.options.Executable, args...) //nolint:noctx // its end is the fleet's part, in order, not a context's
}

// Endpoints returns the balancer; nil if it is in the kernel.
func (f *Fleet) Endpoints() loadgen.Endpoints {
	if f.options.Dataplane == dataplane.NFT {
		return nil
	}
	return &f.balancer
}

// members returns every process that was started for the fleet.
func (f *Fleet) members() []*member {
	var all []*member
	if f.backend != nil {
		all = append(all, f.backend)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.replicas {
		all = append(all, r.member)
	}
	return all
}

// Stop kills what is left. It returns once it has waited for every member and,
// if the group is the fleet's own, the guardian, or when ctx ends; then members
// may end unobserved. Stop may be called twice.
func (f *Fleet) Stop(ctx context.Context) error {
	var list []*proc.Process
	for _, m := range f.members() {
		list = append(list, m.Process)
	}
	err := f.group.KillAll(ctx, list...)
	if f.bridge != nil {
		f.bridge.Close()
	}
	f.removeDir()
	f.stopOnce.Do(func() { close(f.stopped) })
	if f.options.Processes == nil {
		err = scenario.Joined(err, f.group.Close())
	}
	return err
}

// removeDir removes the directory once: afterwards another program may use its
// name.
func (f *Fleet) removeDir() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dir != "" {
		f.group.RemoveDir(f.dir)
		f.dir = ""
	}
}
