package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"nodrop/loadgen"
	"nodrop/scenario/proc"
)

// Options say what fleet to start. Every time is taken as it is: zero is none.
type Options struct {
	Replicas    int           // how many gateways, at least 1
	Stop        StopMode      // the way replicas stop
	PreStop     time.Duration // Graceful only: how long a replica goes on accepting, from terminating to the signal
	Grace       time.Duration // Naive and Graceful: time for what is in flight, from the signal
	Propagation time.Duration // how long the balancer takes to hear of a scale-in
	Executable  string        // the program that calls Main; "" is this one
	Stderr      io.Writer     // gets the children's complaints; nil is nowhere
}

func (o *Options) validate() error {
	switch {
	case o.Replicas < 1:
		return fmt.Errorf("a fleet needs at least 1 replica, not %d", o.Replicas)
	case o.Replicas > maxHosts:
		return fmt.Errorf("%d replicas are more than the %d there are addresses for", o.Replicas, maxHosts)
	case o.PreStop < 0, o.Grace < 0, o.Propagation < 0:
		return errors.New("pre-stop, grace and propagation cannot be negative")
	}
	_, err := ParseStopMode(string(o.Stop))
	return err
}

// Fleet is a running lab. Every Fleet must be stopped.
type Fleet struct {
	options  Options
	balancer Balancer
	log      complaints

	guardian *process
	backend  *process
	replicas []*replica // gw-1 first; those that have left stay in it

	mu sync.Mutex // guards leaving of each replica
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
	if f.backend, err = f.spawn("backend", backendCommand); err != nil {
		return err
	}
	backend, err := f.backend.awaitReady(ctx)
	if err != nil {
		return err
	}
	return f.startReplicas(ctx, backend)
}

// spawn starts this program as a child, in the guardian's group once there is one.
func (f *Fleet) spawn(name string, args ...string) (*process, error) {
	leader := 0
	if f.guardian != nil {
		leader = f.guardian.cmd.Process.Pid
	}
	return startProcess(name, f.options.Executable, leader, &f.log, args...)
}

// startReplicas starts all of them, then waits for all at once.
func (f *Fleet) startReplicas(ctx context.Context, backend string) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := 1; i <= f.options.Replicas; i++ {
		name := fmt.Sprintf("gw-%d", i)
		p, err := f.spawn(name, gatewayCommand,
			"--name", name,
			"--listen", replicaHost(runtime.GOOS, i).String()+":0",
			"--backend", backend,
			"--stop", string(f.options.Stop),
			"--grace", f.options.Grace.String())
		if err != nil {
			group.Go(func() error { return err })
			break
		}
		r := &replica{process: p}
		f.replicas = append(f.replicas, r)
		group.Go(func() error { return r.awaitServing(ctx) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var endpoints []loadgen.Endpoint
	for _, r := range f.replicas {
		endpoints = append(endpoints, r.endpoint())
	}
	f.balancer.Add(endpoints...)
	return nil
}

// Endpoints is the balancer.
func (f *Fleet) Endpoints() loadgen.Endpoints { return &f.balancer }

// Replicas names those whose process runs, gw-1 first.
func (f *Fleet) Replicas() []string {
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
	return inOneLine(errs...)
}

// Watch tells mark of every child that ends unasked before Stop, one call at a
// time.
func (f *Fleet) Watch(mark func(Event)) {
	emit := serialised(mark)
	for _, p := range f.processes() {
		go func() {
			<-p.exited
			if p.crashed {
				emit(Event{Kind: loadgen.MarkCrashed, Replica: p.name, At: p.exitedAt, Err: p.failure()})
			}
		}()
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

// inOneLine joins the errors that are not nil.
func inOneLine(errs ...error) error {
	var joined error
	for _, err := range errs {
		switch {
		case err == nil:
		case joined == nil:
			joined = err
		default:
			joined = fmt.Errorf("%w; %w", joined, err)
		}
	}
	return joined
}
