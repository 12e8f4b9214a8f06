package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/lab/dataplane"
	"nodrop/scenario/lab/gateway"
	"nodrop/scenario/proc"
)

// Options describe a fleet to start. Times have no defaults: zero means none.
type Options struct {
	Replicas    int            // how many gateways, at least 1
	Stop        gateway.Mode   // how replicas stop
	PreStop     time.Duration  // Graceful only: how long a replica keeps accepting, from terminating to the signal
	Grace       time.Duration  // Naive and Graceful: time for requests in flight, from the signal
	Propagation time.Duration  // delay until the balancer processes a scale-in
	Dataplane   dataplane.Kind // "" means Dialer
	Drain       time.Duration  // NFT only: how long connections to a removed endpoint may go on; 0 means without limit
	Gateway     string         // the Name of a Gateway; "" means builtin
	Program     string         // path of the gateway's program; "" means search for it
	Backend     string         // HOST:PORT of an existing HTTP server; "" means our own
	Executable  string         // the program that calls Main; "" means this one
	Stderr      io.Writer      // gets the children's stderr; nil discards it
}

// DefaultOptions returns the defaults of nodrop lab.
func DefaultOptions() Options {
	return Options{
		Replicas: 10, Stop: gateway.Graceful, PreStop: time.Second, Grace: 30 * time.Second, Propagation: 50 * time.Millisecond,
	}
}

// MaxReplicas limits the processes that a lab starts.
const MaxReplicas = 200

// ParseBackend converts a server's URL to HOST:PORT.
func ParseBackend(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return "", fmt.Errorf("%q: want http://HOST:PORT", text)
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80")), nil
}

// check reports errors that are known before Start.
func (o *Options) check() error {
	g, err := gateway.Parse(o.Gateway)
	switch {
	case err != nil:
		return err
	case g.Own() && o.Program != "":
		return errors.New("the builtin gateway is this program: no other can be named")
	case g.Own():
		return nil
	case runtime.GOOS == "windows":
		return fmt.Errorf("gateway %s is stopped by signals, which Windows does not have", g.Name)
	}
	_, err = g.Find(o.Program)
	return err
}

func (o *Options) validate() error {
	switch {
	case o.Replicas < 1:
		return fmt.Errorf("a fleet needs at least 1 replica, not %d", o.Replicas)
	case o.Replicas > maxHosts:
		return fmt.Errorf("%d replicas are more than the %d there are addresses for", o.Replicas, maxHosts)
	case o.PreStop < 0, o.Grace < 0, o.Propagation < 0, o.Drain < 0:
		return errors.New("pre-stop, grace, propagation and drain timeout cannot be negative")
	case o.Drain > 0 && o.Dataplane != dataplane.NFT:
		return dataplane.ErrCannotCut
	}
	if _, err := gateway.ParseMode(string(o.Stop)); err != nil {
		return err
	}
	return o.check()
}

// idleTime is how long a connection to the backend may stay idle. Another
// server than ours may close idle connections early, and a gateway that used
// such a connection would respond 502.
func (o *Options) idleTime() time.Duration {
	if o.Backend == "" {
		return time.Hour
	}
	return time.Second
}

func (o *Options) terms() gateway.Terms {
	return gateway.Terms{Stop: o.Stop, PreStop: o.PreStop, Grace: o.Grace, Idle: o.idleTime()}
}

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

func endpointsOf(list []*replica) []loadgen.Endpoint {
	var endpoints []loadgen.Endpoint
	for _, r := range list {
		endpoints = append(endpoints, r.endpoint())
	}
	return endpoints
}

// prepare finds the gateway's program and creates a directory for its files.
func (f *Fleet) prepare(ctx context.Context) (err error) {
	if f.gateway, err = gateway.Parse(f.options.Gateway); err != nil || f.gateway.Own() {
		return err
	}
	if f.program, err = f.gateway.Find(f.options.Program); err != nil {
		return err
	}
	if f.version, err = f.gateway.VersionOf(ctx, f.program); err != nil {
		return err
	}
	if f.dir, err = os.MkdirTemp("", "nodrop-lab-"); err != nil {
		return err
	}
	proc.GuardDir(f.guardian.stdin, f.dir)
	return nil
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

// startReplicas starts n replicas and waits until all of them serve.
func (f *Fleet) startReplicas(ctx context.Context, n int) (started []*replica, err error) {
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
	r := &replica{}
	i := len(f.replicas) + 1
	name, host := fmt.Sprintf("gw-%d", i), replicaHost(runtime.GOOS, i)
	var err error
	if f.gateway.Own() {
		r.process, err = f.spawn(name, gatewayCommand,
			"--name", name,
			"--listen", host.String()+":0",
			"--backend", f.upstream,
			"--stop", string(f.options.Stop),
			"--grace", f.options.Grace.String(),
			"--backend-idle", f.options.idleTime().String())
	} else {
		err = f.startProgram(r, name, host)
	}
	if err != nil {
		return nil, err
	}
	f.replicas = append(f.replicas, r)
	if f.watch != nil {
		go watchCrash(r.process, f.watch)
	}
	return r, nil
}

// startProgram starts an installed gateway as leader of a process group,
// because it may have worker processes.
func (f *Fleet) startProgram(r *replica, name string, host netip.Addr) (err error) {
	s := &gateway.Site{Name: name, Dir: filepath.Join(f.dir, name), Backend: f.upstream, Terms: f.options.terms()}
	if s.Listen, s.Admin, err = freePorts(host); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	// The workers of a gateway may run as another user.
	if err := os.MkdirAll(s.Dir, 0o755); err != nil { //nolint:gosec // nothing in it is secret
		return err
	}
	r.site = s
	how := f.gateway.SetUp(s)
	for name, text := range how.Files {
		if err := os.WriteFile(filepath.Join(s.Dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	cmd := exec.Command(f.program, how.Args...) //nolint:noctx,gosec // its end is the fleet's part; the program is the user's choice
	cmd.Dir = s.Dir
	cmd.Env = append(os.Environ(), how.Env...)
	tag := proc.NewTag()
	proc.GuardTag(f.guardian.stdin, tag)
	tag.Put(cmd)
	if r.process, err = startProcess(name, cmd, alone, &f.log); err != nil {
		return err
	}
	proc.Guard(f.guardian.stdin, cmd)
	go func() {
		<-r.exited
		proc.Unguard(f.guardian.stdin, cmd)
	}()
	return nil
}

// Endpoints returns the balancer; nil if it is in the kernel.
func (f *Fleet) Endpoints() loadgen.Endpoints {
	if f.options.Dataplane == dataplane.NFT {
		return nil
	}
	return &f.balancer
}

// Replicas returns the names of running replicas, gw-1 first.
func (f *Fleet) Replicas() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for _, r := range f.replicas {
		if r.alive() {
			names = append(names, r.name)
		}
	}
	return names
}

// Err reports children that ended before they were told to; nil if none did.
func (f *Fleet) Err() error {
	var errs []error
	for _, p := range f.processes() {
		errs = append(errs, p.crash())
	}
	return scenario.Joined(errs...)
}

// Watch calls mark for every child that ends unexpectedly before Stop, one call
// at a time.
func (f *Fleet) Watch(mark func(scenario.Moment)) {
	emit := serialised(mark)
	processes := f.processes()
	f.mu.Lock()
	f.watch = emit
	f.mu.Unlock()
	for _, p := range processes {
		go watchCrash(p, emit)
	}
}

func watchCrash(p *process, emit func(scenario.Moment)) {
	<-p.exited
	if p.crashed {
		emit(scenario.Moment{Kind: record.MarkCrashed, Endpoint: p.name, At: p.exitedAt, Err: p.failure()})
	}
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
