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

// Options say what fleet to start. Every time is taken as it is: zero is none.
type Options struct {
	Replicas    int            // how many gateways, at least 1
	Stop        gateway.Mode   // the way replicas stop
	PreStop     time.Duration  // Graceful only: how long a replica goes on accepting, from terminating to the signal
	Grace       time.Duration  // Naive and Graceful: time for what is in flight, from the signal
	Propagation time.Duration  // how long the balancer takes to hear of a scale-in
	Dataplane   dataplane.Kind // "" is Dialer
	Drain       time.Duration  // NFT only: how long connections to an endpoint that was removed go on; 0 is for ever
	Gateway     string         // what replicas run: the Name of a Gateway; "" is builtin
	Program     string         // path of the gateway's program; "" is looked for
	Backend     string         // HOST:PORT of an HTTP server that is there already; "" is our own
	Executable  string         // the program that calls Main; "" is this one
	Stderr      io.Writer      // gets the children's complaints; nil is nowhere
}

// DefaultOptions are those of nodrop lab.
func DefaultOptions() Options {
	return Options{
		Replicas: 10, Stop: gateway.Graceful, PreStop: time.Second, Grace: 30 * time.Second, Propagation: 50 * time.Millisecond,
	}
}

// MaxReplicas bounds the processes that a lab starts.
const MaxReplicas = 200

// ParseBackend makes of a server's URL its HOST:PORT.
func ParseBackend(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return "", fmt.Errorf("%q: want http://HOST:PORT", text)
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80")), nil
}

// check finds what Start would fail for that is known beforehand.
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

// idleTime is how long a connection to the backend may be kept without a
// request. A server that is not ours may close it soon, and a gateway that used
// it nevertheless would respond 502.
func (o *Options) idleTime() time.Duration {
	if o.Backend == "" {
		return time.Hour
	}
	return time.Second
}

// terms are what replicas are held to.
func (o *Options) terms() gateway.Terms {
	return gateway.Terms{Stop: o.Stop, PreStop: o.PreStop, Grace: o.Grace, Idle: o.idleTime()}
}

// Fleet is a running lab. Every Fleet must be stopped.
type Fleet struct {
	options  Options
	gateway  *gateway.Gateway
	program  string             // path of the gateway's; "" is ours
	version  string             // of the gateway; "" is ours
	dir      string             // of the sites; "" where there is none
	balancer dataplane.Balancer // of Dialer
	table    dataplane.Table
	log      complaints

	guardian *process
	backend  *process
	upstream string            // HOST:PORT of the backend
	bridge   *dataplane.Bridge // to a backend outside the namespace; nil for none

	mu       sync.Mutex            // guards all below, and leaving of each replica
	replicas []*replica            // gw-1 first; those that have left stay in it
	watch    func(scenario.Moment) // nil until Watch
}

// Start starts guardian, backend and replicas, and returns when every replica
// serves and the balancer knows it. After an error nothing is left running.
func Start(ctx context.Context, o Options) (*Fleet, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	f := &Fleet{options: o, log: complaints{to: o.Stderr}}
	if err := f.start(ctx); err != nil {
		// Killing waits for nobody, so this needs no end of its own.
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

// prepare finds the gateway's program and makes room for what it reads.
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

// Gateway is the name and, of one that is installed, the version.
func (f *Fleet) Gateway() string { return strings.TrimSpace(f.gateway.Name + " " + f.version) }

// String says what runs, and how it is stopped.
func (f *Fleet) String() string {
	return fmt.Sprintf("gateways: %d × %s, %s: %s", f.options.Replicas, f.Gateway(), f.options.Stop, f.gateway.Stops[f.options.Stop].Told(f.options.PreStop))
}

// spawn starts this program as a child, in the guardian's group once there is one.
func (f *Fleet) spawn(name string, args ...string) (*process, error) {
	cmd, leader := exec.Command(f.options.Executable, args...), 0 //nolint:noctx // its end is the fleet's part, in order, not a context's
	if f.guardian != nil {
		leader = f.guardian.cmd.Process.Pid
	} else {
		proc.Untag(cmd)
	}
	return startProcess(name, cmd, leader, &f.log)
}

// startReplicas starts n more of them, and waits for all at once until they
// serve.
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

// startReplica starts the next one. Names and addresses are not used again.
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

// startProgram starts an installed gateway as the leader of a process group, as
// it may have workers.
func (f *Fleet) startProgram(r *replica, name string, host netip.Addr) (err error) {
	s := &gateway.Site{Name: name, Dir: filepath.Join(f.dir, name), Backend: f.upstream, Terms: f.options.terms()}
	if s.Listen, s.Admin, err = freePorts(host); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	// The workers of a gateway may belong to another user.
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

// Endpoints is the balancer; nil where it is in the kernel.
func (f *Fleet) Endpoints() loadgen.Endpoints {
	if f.options.Dataplane == dataplane.NFT {
		return nil
	}
	return &f.balancer
}

// Replicas names those whose process runs, gw-1 first.
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

// Err is about children that ended before anyone asked them to; nil when none
// did.
func (f *Fleet) Err() error {
	var errs []error
	for _, p := range f.processes() {
		errs = append(errs, p.crash())
	}
	return scenario.Joined(errs...)
}

// Watch tells mark of every child that ends unasked before Stop, one call at a
// time.
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

// processes lists every child that was started, the guardian first.
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

// Stop kills what is left and returns when every child has been waited for, the
// guardian last, or ctx ends: then the children end without a witness.
// Stopping twice is no error.
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
			_ = os.RemoveAll(f.dir) // nothing of worth is in it
		}
	}()
	for _, p := range all[1:] {
		p.kill()
	}
	var err error
	for _, p := range all[1:] {
		err = errors.Join(err, p.awaitExit(ctx))
	}
	// The end of its control pipe makes the guardian kill its group, that is,
	// whatever the children may have started, and itself.
	f.guardian.asked.Store(true)
	_ = f.guardian.stdin.Close()
	own, cancel := context.WithTimeout(ctx, exitMargin)
	defer cancel()
	if f.guardian.awaitExit(own) != nil {
		f.guardian.kill() // whatever it is, it does not guard
	}
	if err = errors.Join(err, f.guardian.awaitExit(ctx)); err != nil {
		return ctx.Err() // there are no other errors, and one is enough
	}
	return nil
}
