package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/lab/dataplane"
	"nodrop/scenario/lab/gateway"
)

// exitMargin is how long a replica may exceed its grace period before it is killed.
const exitMargin = 2 * time.Second

type scaleIn struct {
	options *Options
	way     gateway.Stopping
	table   dataplane.Table
	leaving []*replica
	begin   time.Time
	emit    func(scenario.Moment)
}

// Scale removes replicas until to are left, as a control plane does: those with
// the highest numbers, all at once. It returns once the last of them has exited
// and the balancer has removed them, or when ctx ends.
//
// It calls mark for every step, one call at a time, from several goroutines,
// never after Scale has returned. The exit event of a replica that cut requests
// at the end of its grace period, or exceeded it, has an error. If a replica
// exits without a request, whether staying or leaving, Scale returns an error;
// Watch marks the event.
func (f *Fleet) Scale(ctx context.Context, to int, mark func(scenario.Moment)) error {
	leaving, err := f.choose(to)
	if err != nil {
		return err
	}
	if err := f.scaleIn(leaving, serialised(mark)).run(ctx); err != nil {
		return err
	}
	return f.Err()
}

// Restart replaces every replica, at most maxUnavailable at a time, like a
// rolling update without surge: the next ones leave once the replacements of
// the last ones serve. New replicas, too, reach the balancer only after the
// propagation delay. Return, marks and errors are as for Scale.
func (f *Fleet) Restart(ctx context.Context, maxUnavailable int, mark func(scenario.Moment)) error {
	if maxUnavailable < 1 {
		return fmt.Errorf("cannot restart %d replicas at a time", maxUnavailable)
	}
	emit := serialised(mark)
	work, workCtx := errgroup.WithContext(ctx)
	for left := f.staying(); left > 0; left -= maxUnavailable {
		batch := f.leaveFirst(min(maxUnavailable, left))
		s := f.scaleIn(batch, emit)
		work.Go(func() error { return s.run(workCtx) })
		list, err := f.startReplicas(workCtx, len(batch))
		if err != nil {
			return scenario.Joined(work.Wait(), err)
		}
		at := time.Now()
		for _, r := range list {
			emit(scenario.Moment{Kind: record.MarkReady, Endpoint: r.Name, At: at})
		}
		work.Go(func() error {
			if !scenario.Sleep(workCtx, f.options.Propagation) {
				return workCtx.Err()
			}
			return f.table.Add(endpointsOf(list)...)
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	return f.Err()
}

// staying counts the replicas that are not leaving.
func (f *Fleet) staying() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, r := range f.replicas {
		if !r.leaving {
			n++
		}
	}
	return n
}

// scaleIn returns a scale-in of these replicas that begins now.
func (f *Fleet) scaleIn(leaving []*replica, emit func(scenario.Moment)) *scaleIn {
	return &scaleIn{
		options: &f.options,
		way:     f.gateway.Stops[f.options.Stop],
		table:   f.table,
		leaving: leaving,
		begin:   time.Now(),
		emit:    emit,
	}
}

// choose selects all but the first to of the remaining replicas.
func (f *Fleet) choose(to int) (leaving []*replica, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.replicas {
		if !r.leaving {
			leaving = append(leaving, r)
		}
	}
	if to < 0 || to > len(leaving) {
		return nil, fmt.Errorf("cannot scale from %d to %d: the lab can only remove replicas", len(leaving), to)
	}
	return leave(leaving[to:]), nil
}

// leaveFirst selects the oldest n of the remaining replicas.
func (f *Fleet) leaveFirst(n int) []*replica {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []*replica
	for _, r := range f.replicas {
		if !r.leaving && len(list) < n {
			list = append(list, r)
		}
	}
	return leave(list)
}

func leave(list []*replica) []*replica {
	for _, r := range list {
		r.leaving = true
	}
	return list
}

func (s *scaleIn) run(ctx context.Context) error {
	shutdown := s.shutdown()
	for _, r := range s.leaving {
		s.emit(scenario.Moment{Kind: record.MarkTerminating, Endpoint: r.Name, At: s.begin, Shutdown: shutdown})
	}

	var work errgroup.Group
	if len(s.leaving) > 0 {
		work.Go(func() error { return s.propagate(ctx) })
	}
	for _, r := range s.leaving {
		work.Go(func() error { return s.leave(ctx, r) })
	}
	err := work.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// shutdown describes the delay before the signal; nil if the gateway itself
// implements a delay.
func (s *scaleIn) shutdown() *record.Shutdown {
	switch {
	case s.way.Hook && s.options.PreStop > 0:
		return &record.Shutdown{PreStop: "sleep " + s.options.PreStop.String()}
	case s.way.Hook || s.options.Stop != gateway.Graceful:
		return &record.Shutdown{}
	}
	return nil
}

// propagate removes the endpoints from the balancer after the propagation delay.
func (s *scaleIn) propagate(ctx context.Context) error {
	if !scenario.Sleep(ctx, time.Until(s.begin.Add(s.options.Propagation))) {
		return ctx.Err()
	}
	var names []string
	for _, r := range s.leaving {
		names = append(names, r.Name)
	}
	if err := s.table.Remove(names...); err != nil {
		return err
	}
	at := time.Now()
	for _, name := range names {
		s.emit(scenario.Moment{Kind: record.MarkEndpointRemoved, Endpoint: name, At: at})
	}
	return s.cut(ctx)
}

// cut closes the connections to replicas that have not exited when the drain
// timeout ends.
func (s *scaleIn) cut(ctx context.Context) error {
	if s.options.Drain == 0 {
		return nil
	}
	over := time.NewTimer(s.options.Drain)
	defer over.Stop()
	var left []*replica
	for _, r := range s.leaving {
		select {
		case <-r.Ended:
		case <-over.C:
			left = append(left, r)
			over.Reset(0) // for the others
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	left = slices.DeleteFunc(left, func(r *replica) bool { return !r.Alive() })
	// Take the time before the cut, so that its effects come later.
	at := time.Now()
	if err := s.table.Cut(endpointsOf(left)...); err != nil {
		return err
	}
	for _, r := range left {
		s.emit(scenario.Moment{Kind: record.MarkConnectionsCut, Endpoint: r.Name, At: at})
	}
	return nil
}

// leave takes one replica through the rest of its lifecycle.
func (s *scaleIn) leave(ctx context.Context, r *replica) error {
	if r.site != nil {
		go r.watchListener(ctx)
	}
	if err := s.beforeSignal(ctx, r); err != nil {
		return err
	}
	if !r.Alive() {
		return nil // Err and Watch report it
	}
	// Take the time before the signal, so that effects of the signal come later.
	at := time.Now()
	if err := r.end(s.way.Signal); err == nil {
		s.emit(scenario.Moment{Kind: record.MarkSignalled, Endpoint: r.Name, At: at})
	} else if !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("cannot signal %s: %w", r.Name, err)
	}
	return s.awaitEnd(ctx, r)
}

// askToDrain starts the drain of this stop mode, if it has one.
func (s *scaleIn) askToDrain(ctx context.Context, r *replica) error {
	switch {
	case s.way.Drain:
		return r.request(requestDrain)
	case s.way.Begin != nil:
		return s.way.Begin(ctx, r.site)
	}
	return nil
}

// beforeSignal performs the steps of this stop mode before the signal.
func (s *scaleIn) beforeSignal(ctx context.Context, r *replica) error {
	if err := s.askToDrain(ctx, r); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("cannot start to drain %s: %w", r.Name, err)
	}
	if s.way.Hook {
		if err := s.preStop(ctx, r); err != nil {
			return err
		}
	}
	if s.way.Idle == nil {
		return nil
	}
	err := s.way.Idle(ctx, r.site, time.Now().Add(s.options.Grace))
	if cut, ok := errors.AsType[*gateway.CutError](err); ok {
		r.cut = cut
		return nil
	}
	return err
}

// preStop is the pre-stop hook: the replica keeps accepting for the delay. The
// hook ends early if the replica exits.
func (s *scaleIn) preStop(ctx context.Context, r *replica) error {
	timer := time.NewTimer(time.Until(s.begin.Add(s.options.PreStop)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// awaitEnd marks the last two steps of a replica and kills one that exceeds its
// grace period.
func (s *scaleIn) awaitEnd(ctx context.Context, r *replica) error {
	overdue := time.NewTimer(s.options.Grace + exitMargin)
	defer overdue.Stop()
	killed := false
	for {
		select {
		case at := <-r.listenerClosed:
			s.closed(r, at)
		case <-r.Ended:
			s.exited(r, killed)
			return nil
		case <-overdue.C:
			killed = true
			s.emit(scenario.Moment{Kind: record.MarkKilled, Endpoint: r.Name, At: time.Now()})
			r.Kill()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *scaleIn) closed(r *replica, at time.Time) {
	s.emit(scenario.Moment{Kind: record.MarkListenerClosed, Endpoint: r.Name, At: at})
}

// exited marks a replica's exit, after any pending listener event. Watch marks
// a crash.
func (s *scaleIn) exited(r *replica, killed bool) {
	select {
	case at := <-r.listenerClosed:
		s.closed(r, at)
	default:
	}
	if r.Crashed() {
		return
	}
	s.emit(scenario.Moment{Kind: record.MarkExited, Endpoint: r.Name, At: r.EndedAt, Err: r.exitError(s.options.Stop, killed)})
}
