// Package scenario runs a timeline of actions beside loads, once for each
// variant and repetition, and restores what it changed.
//
// The pipeline, for each variant: setup actions in order; the gate; the streams
// of load start; each step of the timeline acts when it is due; the load ends,
// not before the event is over where settling was asked for; restore actions in
// order; then all that acted is undone, in reverse, always.
//
// The invariant: what an action changed is undone before Run returns, whether
// the run succeeded, failed or was interrupted. The package decides nothing
// about what the numbers mean.
package scenario

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
	"nodrop/scenario/proc"
)

// Scenario is a load and what is done to its target meanwhile, in variants.
type Scenario struct {
	Name     string
	Streams  []Stream // loads that run side by side, at least one
	Variants []Variant
	Repeat   int // how often each variant is run, interleaved; 0 is once
	// Settle > 0 makes the length of each stream a minimum: it goes on until
	// the event is over and Settle has passed.
	Settle time.Duration
	Log    Log // of what its processes and commands say; nil is nowhere
	// Secrets are not to stand in what is recorded or returned as an error.
	Secrets safetext.Secrets
	// Interrupts, when set, know what is to be restored, and cut short what is
	// waited for. Run's context ends the run as the first of them does.
	Interrupts *Interrupts
	// Hinted, when set, gets the error of a step of the timeline that says what to
	// do about it, when the load is over.
	Hinted func(error)
}

// MaxRepeat bounds what one recording holds.
const MaxRepeat = 100

// Stream is one load.
type Stream struct {
	Name string // "" for the only one
	Load loadgen.Config
}

// Variant is one way to set the target up.
type Variant struct {
	Name     string
	Setup    []Action // before the load, in order; undone after it, in reverse
	Gate     []Action // what must succeed before the load starts, once set up
	Timeline []Step
	Restore  []Action // after the load, in order, before the rest is undone; they are not undone themselves
	Expect   []string // checks that fail the verdict when false
	Require  []string // checks that make it inconclusive when false
	FailIf   []string // checks that fail it when true
}

// Step is one action of the timeline. It is due at At or, with After, when that
// step has ended and Delay has passed. Steps do not wait for each other
// otherwise. When one fails, those that have not begun are not done.
type Step struct {
	Name   string
	At     At
	Stream string // whose progress At is measured on; "" is the first stream
	After  string // the name of another step
	Delay  time.Duration
	Action Action
}

// Action is something done to the target. It can be run again once it has been
// undone: a scenario repeats.
type Action interface {
	// Run does it. Moments worth knowing are given to env.Mark.
	Run(ctx context.Context, env *Env) error
	// Undo puts back what Run changed, also after a Run that failed half-way.
	Undo(ctx context.Context) error
	// String says what Run does, in a few words.
	String() string
}

// Moment is one in the life of an endpoint.
type Moment struct {
	Kind     record.MarkKind
	Endpoint string
	Address  string    // see loadgen.Mark
	Since    time.Time // of what lasted until At; the zero value is At
	At       time.Time
	Note     string // of loadgen.MarkNote: what it says
	Err      error
	Shutdown *record.Shutdown // see loadgen.Mark
}

// Mark is the moment as a mark, on no clock yet.
func (m *Moment) Mark() record.Mark {
	mark := record.Mark{Kind: m.Kind, Name: cmp.Or(m.Note, m.Kind.Of(m.Endpoint)), Endpoint: m.Endpoint, Address: m.Address, Shutdown: m.Shutdown}
	if m.Err != nil {
		mark.Error = m.Err.Error()
	}
	return mark
}

// Env is what an action may use of the run it is part of.
type Env struct {
	// Mark records a moment in the life of one endpoint.
	Mark func(Moment)
	// Endpoints, when a setup action sets it, chooses every address that the
	// load connects to.
	Endpoints loadgen.Endpoints
	// Adapt, when a setup action sets it, changes each load before it is made.
	Adapt func(*loadgen.Config)
	// Gateway, which a setup action may set, is what the load meets: name and
	// version.
	Gateway string
	// Replicas, which a setup action may set, is how many endpoints are behind what
	// the load connects to.
	Replicas int
	// Notes, to which setup actions add, are what the report tells of the target.
	Notes []string
	// Log is where actions hand what their processes said last, when that is over.
	Log Log
	// Processes are those that actions start; none outlives the scenario.
	Processes *proc.Group
}

// Watched is a load that can be looked at while it runs.
type Watched interface {
	Progress() record.Progress
	Warnings() []string
	// Mark adds a mark to its run, on the clock that Since tells.
	Mark(m record.Mark)
	Since(t time.Time) int64
}

// Watch is told of the loads that start side by side, and of what run they are.
// The function it returns is called when they are over.
type Watch func(run string, loads []Watched) func()

// undoBound is how long restoring one thing may take: no less than one command may
// take that says nothing else. What takes too long leaves the others their time.
const undoBound = 10 * time.Minute

// ErrRestore is part of an error when something was not put back.
var ErrRestore = errors.New("restore")

// SetUpError is that of an action that came before the load, which has not begun.
type SetUpError struct{ error }

// Unwrap is the error alone.
func (e *SetUpError) Unwrap() error { return e.error }

// interruptedError is context.Canceled in the words of a report.
type interruptedError struct{}

func (interruptedError) Error() string { return "interrupted" }
func (interruptedError) Unwrap() error { return context.Canceled }

// Attempt is one variant, once: a run for each stream.
type Attempt struct {
	Variant    *Variant
	Repetition int // from 1; 0 for the only one
}

// String names it: graceful, graceful #2; "" for the only one without a name.
func (a Attempt) String() string {
	if a.Repetition == 0 || a.Variant.Name == "" {
		return a.Variant.Name
	}
	return fmt.Sprintf("%s #%d", a.Variant.Name, a.Repetition)
}

// explain says which attempt err is of.
func (a Attempt) explain(err error) error {
	if name := a.String(); name != "" {
		return fmt.Errorf("%s: %w", name, err)
	}
	return err
}

// Order lists what is run, in order. Every second repetition is in reverse
// (A B, B A, …), so that what drifts with time falls on all variants alike.
func (s *Scenario) Order() []Attempt {
	var list []Attempt
	for repetition := range max(1, s.Repeat) {
		round := make([]Attempt, len(s.Variants))
		for i := range s.Variants {
			round[i] = Attempt{Variant: &s.Variants[i]}
			if s.Repeat > 1 {
				round[i].Repetition = repetition + 1
			}
		}
		if repetition%2 == 1 {
			slices.Reverse(round)
		}
		list = append(list, round...)
	}
	return list
}

// Run runs every variant as often as it is to be repeated. The recording holds
// the runs made so far also when an error is returned. After an error nothing
// further is run: the target may not be what it should be.
func (s *Scenario) Run(ctx context.Context, watch Watch) (recording *record.Recording, err error) {
	recording = &record.Recording{Format: record.Format}
	NameStreams(s.Streams)
	defer func() {
		if err != nil {
			err = maskedError{err, s.Mask(err.Error())}
		}
	}()
	if err := s.check(); err != nil {
		return recording, err
	}
	if s.Interrupts == nil {
		s.Interrupts = NewInterrupts(func(string) {}, func(bool, []string) {})
	}
	processes := &proc.Group{}
	defer func() {
		if closeErr := processes.Close(); closeErr != nil {
			err = Joined(err, fmt.Errorf("%w: processes: %w", ErrRestore, closeErr))
		}
	}()
	for _, a := range s.Order() {
		if len(recording.Runs) > 0 && ctx.Err() != nil {
			return recording, nil // no failure: what was run is told
		}
		runs, err := s.try(ctx, a, processes, watch)
		recording.Runs = append(recording.Runs, runs...)
		if err != nil {
			return recording, a.explain(err)
		}
	}
	return recording, nil
}

// NameStreams gives those of several streams that have no name one that no other
// has: load-1 for the first, load-2 for the second.
func NameStreams(list []Stream) {
	if len(list) < 2 {
		return
	}
	for i := range list {
		for n := i + 1; list[i].Name == ""; n += len(list) {
			name := fmt.Sprintf("load-%d", n)
			if !slices.ContainsFunc(list, func(o Stream) bool { return o.Name == name }) {
				list[i].Name = name
			}
		}
	}
}

// Mask keeps secrets out of a text.
func (s *Scenario) Mask(text string) string { return safetext.MaskText(s.Secrets.Mask(text)) }

// maskedError is an error whose text may be shown.
type maskedError struct {
	error
	text string
}

func (e maskedError) Error() string { return e.text }
func (e maskedError) Unwrap() error { return e.error }

// check refuses streams that could not be told apart, and steps that could never
// be due.
func (s *Scenario) check() error {
	if len(s.Streams) == 0 {
		return errors.New("a scenario without a load")
	}
	names := map[string]bool{}
	for _, stream := range s.Streams {
		if names[stream.Name] {
			return fmt.Errorf("there are two streams called %s", stream.Name)
		}
		names[stream.Name] = true
	}
	for _, v := range s.Variants {
		if flaws := Flaws(v.Timeline, s.Streams); len(flaws) > 0 {
			return flaws[0].explain(&v.Timeline[flaws[0].Step])
		}
	}
	return nil
}

// try makes one attempt, and restores the target.
func (s *Scenario) try(ctx context.Context, a Attempt, processes *proc.Group, watch Watch) (runs []*record.Run, err error) {
	done := &changes{processes: processes, interrupts: s.Interrupts}
	t := newTimeline(a.Variant.Timeline, s.Settle, done)
	env := &Env{Mark: t.mark, Log: s.Log.of(a, s.Mask), Processes: processes}
	done.log = env.Log
	done.interrupts.ledger.toRestore(a.Variant.Restore)
	defer func() {
		if restoreErr := done.restore(ctx, a.Variant.Restore); restoreErr != nil {
			err = Joined(err, restoreErr)
		}
	}()
	for _, action := range slices.Concat(a.Variant.Setup, a.Variant.Gate) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := done.do(ctx, "", action, env); err != nil {
			return nil, &SetUpError{inWords(err)}
		}
	}
	loads, err := s.loads(ctx, a, env)
	if err != nil {
		return nil, err
	}
	runs = s.carryOut(ctx, a, loads, t, env, watch)
	s.handHints(a, t)
	for _, load := range loads {
		if err := load.Refused(); err != nil {
			return nil, inWords(err)
		}
	}
	return runs, nil
}

// loads makes a load of each stream.
func (s *Scenario) loads(ctx context.Context, a Attempt, env *Env) ([]*loadgen.Load, error) {
	var loads []*loadgen.Load
	for _, stream := range s.Streams {
		cfg := stream.Load
		cfg.Variant, cfg.Stream, cfg.Repetition, cfg.Gateway, cfg.Replicas = a.Variant.Name, stream.Name, a.Repetition, env.Gateway, env.Replicas
		if env.Endpoints != nil {
			cfg.Endpoints = env.Endpoints
		}
		if env.Adapt != nil {
			env.Adapt(&cfg)
		}
		load, err := loadgen.New(ctx, cfg)
		if err != nil {
			for _, made := range loads {
				made.Close()
			}
			if stream.Name != "" {
				err = fmt.Errorf("%s: %w", stream.Name, err)
			}
			return nil, inWords(err)
		}
		if s.Settle > 0 {
			load.Hold()
		}
		loads = append(loads, load)
	}
	return loads, nil
}

// carryOut runs the loads and the timeline beside them.
func (s *Scenario) carryOut(ctx context.Context, a Attempt, loads []*loadgen.Load, t *timeline, env *Env, watch Watch) []*record.Run {
	watched := make([]Watched, len(loads))
	runs := make([]*record.Run, len(loads))
	over := make([]chan struct{}, len(loads))
	for i, load := range loads {
		over[i] = make(chan struct{})
		watched[i] = load
		go func() {
			defer close(over[i])
			runs[i] = load.Run(ctx)
		}()
		<-load.Started() // one after the other: outputs list them in this order
	}
	unheeded := s.heed(ctx, loads)
	defer unheeded()
	stop := watch(a.String(), watched)
	t.run(ctx, s.Streams, loads, env)
	for _, c := range over {
		<-c
	}
	stop()
	v := a.Variant
	for i, run := range runs {
		run.Notes = append(run.Notes, env.Notes...)
		run.Expect, run.Require, run.FailIf = v.Expect, v.Require, v.FailIf
		for _, m := range t.marksOn(loads[i]) {
			m.Name, m.Error = s.Mask(m.Name), s.Mask(m.Error)
			run.Marks = append(run.Marks, m)
		}
		loadgen.SortMarks(run.Marks)
		loads[i].End(run)
	}
	return runs
}

// handHints hands on what there is to do about steps that failed.
func (s *Scenario) handHints(a Attempt, t *timeline) {
	if s.Hinted == nil {
		return
	}
	for _, err := range t.hinted {
		err = a.explain(err)
		s.Hinted(maskedError{err, s.Mask(err.Error())})
	}
}

// heed says what the loads wait for when ctx ends, and aborts them when they are
// not to be waited for, until the function it returns is called.
func (s *Scenario) heed(ctx context.Context, loads []*loadgen.Load) (stop func()) {
	over, unheeded := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(unheeded)
		select {
		case <-over:
			return
		case <-ctx.Done():
		case <-s.Interrupts.skip:
		}
		s.say(over, loads)
		select {
		case <-over:
		case <-s.Interrupts.skip:
			for _, load := range loads {
				load.Abort()
			}
		}
	}()
	return func() {
		close(over)
		<-unheeded
	}
}

// worthSaying is how long a wait lasts before it is told of.
const worthSaying = 100 * time.Millisecond

// say says what is waited for, unless it is over soon.
func (s *Scenario) say(over <-chan struct{}, loads []*loadgen.Load) {
	select {
	case <-over:
		return
	case <-s.Interrupts.skip:
		return
	case <-time.After(worthSaying):
	}
	var inFlight int64
	var bound time.Duration
	for _, load := range loads {
		p := load.Progress()
		inFlight += p.Started - p.Finished
		bound = max(bound, load.DrainBound())
	}
	if inFlight > 0 {
		s.Interrupts.say(waiting(inFlight, bound))
	}
}

func waiting(inFlight int64, bound time.Duration) string {
	requests := "requests"
	if inFlight == 1 {
		requests = "request"
	}
	return fmt.Sprintf("interrupted: waiting up to %g s for %d %s in flight; Ctrl-C again to skip the wait", bound.Seconds(), inFlight, requests)
}

// lateError is that of what was not done within undoBound.
type lateError struct{ error }

func (e lateError) Error() string {
	text := fmt.Sprintf("not done within %v", undoBound)
	if said := e.error.Error(); said != context.DeadlineExceeded.Error() {
		text += ": " + said
	}
	return text
}

func (e lateError) Unwrap() error { return e.error }

// inWords calls the end of a context what it is to a person.
func inWords(err error) error {
	if errors.Is(err, context.Canceled) {
		return interruptedError{}
	}
	return err
}
