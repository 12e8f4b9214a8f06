package action

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/action/life"
	"nodrop/scenario/proc"
)

const grace = 10 * time.Second

// Start starts a long-running process and waits until it is ready. Undo stops
// it; if that takes a KILL, it is an error. It is an error, too, if the process
// exits before it is ready. If it exits later without a signal from the
// scenario, it has crashed and Undo returns an error, unless its exit code was
// 0: an admin endpoint may have stopped it.
type Start struct {
	Name string // the name for Signal, Stop and marks
	Command
	Ready Probe         // the zero Probe: ready once started
	Stop  string        // the signal that Undo sends; "" is TERM
	Grace time.Duration // from that signal to KILL; 0 means 10 s

	process *proc.Process
	life    *life.Life // of process
	output  *output
	log     scenario.Log
	told    bool // Run has reported the exit
}

// String names the action and the process.
func (s *Start) String() string { return "start " + s.Name }

// Undoes says that the process will be stopped; the end of the program stops
// it, too.
func (s *Start) Undoes(acted bool) (what string, ends bool) {
	if acted && (s.process == nil || !s.process.Alive()) {
		return "", true
	}
	return "stop " + s.Name, true
}

// Run starts the process.
func (s *Start) Run(ctx context.Context, env *scenario.Env) error {
	cmd, err := s.cmd()
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	if _, err := signalOf(s.Stop); err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	if err := s.Ready.foreign(ctx, env.Processes, "is already in use by", true); err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	if s.output, err = newOutput(); err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = s.output.file, s.output.file
	l := life.New(s.Name, env.Processes, env.Mark)
	_, err = env.Processes.Guard(ctx) // RunUntil could not be interrupted
	var p *proc.Process
	if err == nil {
		p, err = env.Processes.RunUntil(s.Name, cmd, l.End)
	}
	if err != nil {
		s.output.close()
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	s.process, s.life, s.log, s.told = p, l, env.Log, false
	if s.Ready == (Probe{}) {
		return nil
	}
	at, err := s.awaitReady(ctx, env)
	if err != nil {
		s.told = !p.Alive()
		return fmt.Errorf("%s: %w", s.Name, s.said(err))
	}
	l.Ready(p, s.Ready.served(ctx), at)
	return nil
}

// awaitReady waits until the process is ready and returns when that was. It
// also checks whether another process has taken the port meanwhile: that would
// explain a failure or make a success false.
func (s *Start) awaitReady(ctx context.Context, env *scenario.Env) (at time.Time, err error) {
	err = s.Ready.await(ctx, env, s)
	at = time.Now()
	if err == nil && !s.process.Alive() {
		err = endOf(s.process, s.output)
	}
	if ctx.Err() != nil {
		return at, err
	}
	switch taken := s.Ready.foreign(ctx, env.Processes, "is in use by", false); {
	case taken == nil:
		return at, err
	case err == nil:
		return at, taken
	default:
		return at, fmt.Errorf("%w; %w", err, taken)
	}
}

// endOf returns the error of a process that has exited, with its last output.
func endOf(p *proc.Process, out *output) error {
	err := p.Err
	if err == nil {
		err = errors.New("it exited with status 0: run it in the foreground, because nodrop ends what it leaves in the background")
	}
	return out.failed(err, p.Name)
}

// said adds the last output of the process to an error that lacks it.
func (s *Start) said(err error) error {
	if _, ok := errors.AsType[*scenario.LogError](err); ok || errors.Is(err, context.Canceled) {
		return err
	}
	return s.output.failed(err, s.Name)
}

// Undo stops the process, unless it has already been stopped.
func (s *Start) Undo(ctx context.Context) error {
	if s.process == nil {
		return nil
	}
	defer func() {
		if s.log != nil {
			s.log(s.Name, s.output.tail())
		}
		s.output.close()
		s.process = nil
	}()
	if !s.process.Alive() && !s.process.Asked() && s.process.Err != nil && !s.told {
		return fmt.Errorf("%s exited before it was stopped: %w", s.Name, endOf(s.process, s.output))
	}
	s.life.Silence()
	return stop(ctx, s.process, s.Stop, s.Grace)
}

func find(env *scenario.Env, name string) (*proc.Process, error) {
	if p := env.Processes.Find(name); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("process %s was never started", name)
}

// stop signals p, and kills it after the grace period or when ctx ends.
func stop(ctx context.Context, p *proc.Process, name string, limit time.Duration) error {
	s, err := signalOf(name)
	if err != nil {
		return err
	}
	if !p.Alive() {
		return nil
	}
	if limit == 0 {
		limit = grace
	}
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	if err := p.Signal(s); err != nil && p.Alive() {
		p.Kill()
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	select {
	case <-p.Ended:
		return nil
	case <-timeout.C:
		err = fmt.Errorf("%s did not exit within %v and was killed", p.Name, limit)
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.Kill()
	<-p.Ended
	return err
}

// deliver signals p and marks that, with the time before it: what the signal
// causes comes later.
func deliver(env *scenario.Env, p *proc.Process, s os.Signal) error {
	if p.Gone() {
		return errors.New("it has already exited")
	}
	at := time.Now()
	if err := p.Signal(s); err != nil {
		return err
	}
	env.Mark(scenario.Moment{Kind: record.MarkSignalled, Endpoint: p.Name, At: at})
	return nil
}

// Signal sends a signal to one process. Exactly one of PID, PIDFile and Process
// is set.
type Signal struct {
	Name    string // TERM, QUIT, USR1, …, with or without SIG
	PID     int
	PIDFile string
	Process string // a process that a Start of this scenario started
	// If Gone > 0, the action lasts until the process has exited. It is an
	// error if that takes longer than Gone.
	Gone time.Duration

	unwatch func() // ends the watch of a process that Run has signalled; may be nil
}

// String names the action and the signal.
func (s *Signal) String() string { return "signal " + s.Name }

// Run sends the signal.
func (s *Signal) Run(ctx context.Context, env *scenario.Env) error {
	what, err := signalOf(s.Name)
	if err != nil {
		return err
	}
	if s.Process != "" {
		p, err := find(env, s.Process)
		if err != nil {
			return err
		}
		if err := deliver(env, p, what); err != nil {
			return fmt.Errorf("%s: %w", s.Process, err)
		}
		if s.Gone == 0 {
			return nil
		}
		return awaitEnd(ctx, s.Process, s.Gone, func() bool { return !p.Alive() })
	}
	pid, err := s.pid()
	if err != nil {
		return err
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return fmt.Errorf("process %d: %w", pid, err)
	}
	name := fmt.Sprintf("process %d", pid)
	f := life.Watch(name, pid, env.Mark)
	at := time.Now()
	if err := p.Signal(what); err != nil {
		f.Close()
		return fmt.Errorf("%s: %w", name, err)
	}
	f.Mark(record.MarkSignalled, at)
	gone := func() bool {
		gone := isGone(p)
		f.Look()
		if gone {
			f.Mark(record.MarkExited, time.Now())
		}
		return gone
	}
	if s.Gone == 0 {
		s.watch(ctx, f, gone)
		return nil
	}
	defer f.Close()
	return awaitEnd(ctx, name, s.Gone, gone)
}

// watch marks what happens to a process, until it has exited, ctx ends or Undo is
// called: nobody waits for the exit.
func (s *Signal) watch(ctx context.Context, f *life.Foreign, gone func() bool) {
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	s.unwatch = func() {
		cancel()
		<-over
	}
	go func() {
		defer close(over)
		defer f.Close()
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for !gone() {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
}

func (s *Signal) pid() (int, error) {
	if s.PIDFile == "" {
		return s.PID, nil
	}
	text, err := os.ReadFile(s.PIDFile)
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid < 2 {
		return 0, fmt.Errorf("%s: %q is not a process ID", s.PIDFile, strings.TrimSpace(string(text)))
	}
	return pid, nil
}

// Undo only ends the watch of the process: a signal cannot be taken back.
func (s *Signal) Undo(context.Context) error {
	if s.unwatch != nil {
		s.unwatch()
		s.unwatch = nil
	}
	return nil
}

// lookEvery is how often a process is looked at that exits, or may exit.
const lookEvery = 2 * time.Millisecond

func awaitEnd(ctx context.Context, name string, limit time.Duration, gone func() bool) error {
	err := poll(ctx, lookEvery, limit, func() error {
		if gone() {
			return nil
		}
		return errors.New("it runs")
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s did not exit within %v after the signal", name, limit)
	}
	return err
}

// CheckSignal returns an error if name is not a signal on this platform.
func CheckSignal(name string) error {
	_, err := signalOf(name)
	return err
}
