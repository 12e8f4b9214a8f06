package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/proc"
)

// stopGrace is the default grace period of a Stop, as in Kubernetes.
const stopGrace = 30 * time.Second

// leastAfterHook is how long a process has at least after a pre-stop command,
// even if that took the whole grace period; see minimumGracePeriodInSeconds in
// kubernetes/pkg/kubelet/kuberuntime.
const leastAfterHook = 2 * time.Second

// Stop ends a process that Start started, as a kubelet ends a container: it
// runs the pre-stop command, sends the signal, and kills the process at the end
// of the grace period. That a process had to be killed is no error: it is what
// the run is there to observe. Stop does nothing if the process has exited.
type Stop struct {
	Process string
	PreStop *Exec         // runs before the signal; nil for none
	Signal  string        // "" is TERM
	Grace   time.Duration // from the start of PreStop to KILL; 0 means 30 s

	said []string // the last lines that PreStop printed
}

// String names the action and the process.
func (s *Stop) String() string { return "stop " + s.Process }

// Runs returns the pre-stop command: it names the products that it acts on.
func (s *Stop) Runs() string {
	if s.PreStop == nil {
		return ""
	}
	return s.PreStop.Runs()
}

// Said returns the last lines that the pre-stop command printed.
func (s *Stop) Said() []string { return s.said }

// Undo does nothing: the process belongs to the action that started it.
func (s *Stop) Undo(context.Context) error { return nil }

// Run stops the process and waits until it has exited.
func (s *Stop) Run(ctx context.Context, env *scenario.Env) error {
	what, err := signalOf(s.Signal)
	if err != nil {
		return err
	}
	p, err := find(env, s.Process)
	if err != nil {
		return err
	}
	s.said = nil
	if p.Gone() {
		return p.Await(ctx)
	}
	p.Ask() // the pre-stop command may make it exit
	env.Mark(scenario.Moment{Kind: record.MarkTerminating, Endpoint: s.Process, At: time.Now(), Shutdown: s.shutdown()})
	left := s.preStop(ctx, env, p)
	if ctx.Err() != nil {
		return ctx.Err() // Undo of the start stops it
	}
	if p.Gone() {
		return p.Await(ctx)
	}
	if err := deliver(env, p, what); err != nil && !p.Gone() && !errors.Is(err, os.ErrProcessDone) {
		p.Kill()
		return fmt.Errorf("%s: %w", s.Process, err)
	}
	return s.awaitExit(ctx, env, p, left)
}

// limit is the whole grace period.
func (s *Stop) limit() time.Duration { return cmp.Or(s.Grace, stopGrace) }

// shutdown describes how the process stops.
func (s *Stop) shutdown() *record.Shutdown {
	how := &record.Shutdown{Grace: s.limit().Nanoseconds()}
	if s.PreStop != nil {
		how.PreStop = scenario.Cut(scenario.OneLine(s.PreStop.String()), maxShown)
	}
	if name := "SIG" + strings.TrimPrefix(strings.ToUpper(s.Signal), "SIG"); name != "SIG" && name != "SIGTERM" {
		how.Signal = name
	}
	return how
}

// maxShown is the maximum length of a pre-stop command in a mark, in runes.
const maxShown = 100

// preStop runs the pre-stop command, if there is one, and returns how long the
// process has left afterwards. The command ends with the process, as one in a
// container does. If it fails or takes too long, that is a note, and the
// process is stopped all the same.
func (s *Stop) preStop(ctx context.Context, env *scenario.Env, p *proc.Process) (left time.Duration) {
	if s.PreStop == nil {
		return s.limit()
	}
	began := time.Now()
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-p.Ended:
			cancel()
		case <-running.Done():
		}
	}()
	hook := *s.PreStop
	if hook.Timeout == 0 || hook.Timeout > s.limit() {
		hook.Timeout = s.limit()
	}
	err := hook.Run(running, env)
	s.said = hook.Said()
	if err != nil && running.Err() == nil {
		env.Mark(scenario.Moment{Kind: record.MarkNote, Note: fmt.Sprintf("the pre-stop command of %s: %v", s.Process, err), At: time.Now()})
	}
	return max(s.limit()-time.Since(began), leastAfterHook)
}

// awaitExit waits until the process has exited, and kills it if that takes too
// long. The end of ctx ends the wait alone: a kill would cut the requests in
// flight, which the load still waits for.
func (s *Stop) awaitExit(ctx context.Context, env *scenario.Env, p *proc.Process, left time.Duration) error {
	overdue := time.NewTimer(left)
	defer overdue.Stop()
	select {
	case <-p.Ended:
		return nil
	case <-overdue.C:
		if !p.Gone() {
			env.Mark(scenario.Moment{Kind: record.MarkKilled, Endpoint: s.Process, At: time.Now()})
		}
	case <-ctx.Done():
		return ctx.Err() // Undo of the start stops it, when the load is over
	}
	p.Kill()
	<-p.Ended
	return nil
}
