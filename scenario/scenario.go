// Package scenario runs a timeline of actions beside loads, once for each
// variant and repetition, and restores what it changed.
//
// The pipeline, for each variant: run the setup actions in order; run the gate;
// start the streams of load; run each step of the timeline when it is due; let
// the load end (not before the event is over, if Settle is set); run the
// restore actions in order; undo every action that ran, in reverse.
//
// The invariant: Run undoes what its actions changed before it returns, whether
// the run succeeded, failed or was interrupted. The package does not judge what
// the numbers mean.
package scenario

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
	"nodrop/loadgen/safetext"
	"nodrop/scenario/proc"
)

// Scenario is one or more loads and the actions on their target, in variants.
type Scenario struct {
	Name     string
	Streams  []Stream // loads that run side by side; at least one
	Variants []Variant
	Repeat   int // how often each variant runs, interleaved; 0 means once
	// First, if set, is the number of the first repetition: those before it were
	// other runs.
	First int
	// Settle > 0 makes the length of each stream a minimum: it continues until
	// the event is over and Settle has passed.
	Settle time.Duration
	Log    Log // receives the output of processes and commands; may be nil
	// Output, if set, gets all that each command printed, once the command has
	// ended.
	Output All
	// Environ is added to the environment of every command and process that the
	// scenario starts: NAME=value.
	Environ []string
	// Secrets are masked in the recording and in returned errors.
	Secrets safetext.Secrets
	// Interrupts, if set, tracks what is still to be restored and can cut waits
	// short. The end of Run's context has the effect of the first interrupt.
	Interrupts *Interrupts
	// Hinted, if set, is called after the load with each error of a timeline
	// step that carries a hint.
	Hinted func(error)
}

// MaxRepeat is the highest value of Repeat. It bounds the size of a recording.
const MaxRepeat = 100

// Variant is one configuration of the target.
type Variant struct {
	Name     string
	Setup    []Action // before the load, in order; undone after it, in reverse
	Gate     []Action // run after setup; all must succeed before the load starts
	Timeline []Step
	Restore  []Action // run after the load, in order, before anything is undone; not undone themselves
	Expect   []string // checks that fail the verdict if false
	Require  []string // checks that make the verdict inconclusive if false
	FailIf   []string // checks that fail the verdict if true
	Products []string // gateways and platforms that its actions show to be part of the target, by their names in loadgen/record/product
}

// Step is one action of the timeline. It is due at At or, if After is set,
// Delay after that step has ended. Steps do not wait for each other otherwise.
// When one fails, steps that have not begun are skipped.
type Step struct {
	Name   string
	At     At
	Stream string // At is measured on the progress of this stream; "" is the first
	After  string // the name of another step
	Delay  time.Duration
	Action Action
}

// Action is something done to the target. It can run again after Undo, because
// scenarios repeat.
type Action interface {
	// Run does it. It reports moments to record as marks to env.Mark.
	Run(ctx context.Context, env *Env) error
	// Undo restores what Run changed, even if Run failed half-way.
	Undo(ctx context.Context) error
	// String describes Run in a few words.
	String() string
}

// Remover is an action that takes endpoints away by other means than a rollout or
// a scale-in.
type Remover interface {
	// Removes returns how: see record.Mark.
	Removes() string
}

// Moment is an event in the lifecycle of an endpoint.
type Moment struct {
	Kind     record.MarkKind
	Endpoint string
	Address  string    // see record.Mark
	Since    time.Time // when it began, if it lasted until At; zero means at At
	At       time.Time
	Note     string // the text of a record.MarkNote
	Err      error
	Shutdown *record.Shutdown // see record.Mark
}

// Mark returns the moment as a mark without its times, which depend on the
// clock of a run.
func (m *Moment) Mark() record.Mark {
	mark := record.Mark{Kind: m.Kind, Name: cmp.Or(m.Note, m.Kind.Of(m.Endpoint)), Endpoint: m.Endpoint, Address: m.Address, Shutdown: m.Shutdown}
	if m.Err != nil {
		mark.Error = m.Err.Error()
	}
	return mark
}

// Env is what a run offers to its actions.
type Env struct {
	// Mark records an event in the lifecycle of an endpoint.
	Mark func(Moment)
	// Endpoints, if a setup action sets it, chooses every address that the load
	// connects to.
	Endpoints loadgen.Endpoints
	// Roots, if a setup action sets it, are the issuers of certificates that the
	// load trusts, unless it names its own.
	Roots *x509.CertPool
	// Adapt, if a setup action sets it, changes the configuration of each load
	// before the load is created.
	Adapt func(*loadgen.Config)
	// Gateway may be set by a setup action: name and version of the gateway
	// that receives the load.
	Gateway string
	// Replicas may be set by a setup action: the number of endpoints behind the
	// address that the load connects to.
	Replicas int
	// Products are the gateways and platforms that actions know to be part of the
	// target, by their names in loadgen/record/product. Setup actions add to
	// them.
	Products []string
	// Notes are remarks about the target for the report. Setup actions append
	// to it.
	Notes []string
	// Log receives the last output of the actions' processes when they have
	// ended.
	Log Log
	// Output, if not nil, receives all that a command of an action printed, when
	// the command has ended.
	Output All
	// Processes holds the processes that actions start. None of them outlives
	// the scenario.
	Processes *proc.Group
}

// Direct makes a load go where setup actions say: to their endpoints, trusting
// their certificates.
func (e *Env) Direct(cfg *loadgen.Config) {
	if e.Endpoints != nil {
		cfg.Endpoints = e.Endpoints
	}
	if cfg.TLS.Roots == nil {
		cfg.TLS.Roots = e.Roots
	}
}

// undoBound limits how long restoring one thing may take. It is at least the
// default timeout of a command. The limit keeps one slow undo from holding up
// the others.
const undoBound = 10 * time.Minute

// ErrRestore is wrapped by errors that report that something was not restored.
var ErrRestore = errors.New("restore")

// SetUpError is the error of an action that ran before the load. The load has
// not begun.
type SetUpError struct{ error }

// Unwrap returns the action's error.
func (e *SetUpError) Unwrap() error { return e.error }

// interruptedError is context.Canceled with a text fit for a report.
type interruptedError struct{}

func (interruptedError) Error() string { return "interrupted" }
func (interruptedError) Unwrap() error { return context.Canceled }

// Attempt is one run of one variant: a record.Run for each stream.
type Attempt struct {
	Variant    *Variant
	Repetition int // from 1; 0 if there is only one
}

// String returns the name and repetition, such as "graceful" or "graceful #2";
// "" for a single attempt without a name.
func (a Attempt) String() string {
	if a.Repetition == 0 || a.Variant.Name == "" {
		return a.Variant.Name
	}
	return fmt.Sprintf("%s #%d", a.Variant.Name, a.Repetition)
}

// explain prefixes err with the name of the attempt.
func (a Attempt) explain(err error) error {
	if name := a.String(); name != "" {
		return fmt.Errorf("%s: %w", name, err)
	}
	return err
}

// Order lists the attempts in the order in which they run. Every second
// repetition is reversed (A B, B A, …), so that drift over time affects all
// variants alike.
func (s *Scenario) Order() []Attempt {
	var list []Attempt
	for repetition := range max(1, s.Repeat) {
		round := make([]Attempt, len(s.Variants))
		for i := range s.Variants {
			round[i] = Attempt{Variant: &s.Variants[i]}
			if s.Repeat > 1 || s.First > 0 {
				round[i].Repetition = max(1, s.First) + repetition
			}
		}
		if repetition%2 == 1 {
			slices.Reverse(round)
		}
		list = append(list, round...)
	}
	return list
}

// Run runs every variant Repeat times. The recording holds the runs made so far
// even if an error is returned. Run stops at the first error, because the
// target may be in an unexpected state.
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
	processes := &proc.Group{Environ: s.Environ}
	defer func() {
		if closeErr := processes.Close(); closeErr != nil {
			err = Joined(err, fmt.Errorf("%w: processes: %w", ErrRestore, closeErr))
		}
	}()
	watch, order := watch.masked(s.Mask), s.Order()
	for nth, a := range order {
		if len(recording.Runs) > 0 && ctx.Err() != nil {
			return recording, nil // an interrupt is no error: the report covers what ran
		}
		watch.attempt(a, nth+1, len(order))
		runs, err := s.try(ctx, a, processes, watch)
		recording.Runs = append(recording.Runs, runs...)
		if err != nil {
			return recording, a.explain(err)
		}
	}
	return recording, nil
}

// NameStreams gives unnamed streams a unique name, if there are several
// streams: load-1 for the first, load-2 for the second.
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

// Mask removes secrets from a text.
func (s *Scenario) Mask(text string) string { return safetext.MaskText(s.Secrets.Mask(text)) }

// masked returns output with secrets removed from what it gets; nil for nil.
func (s *Scenario) masked(output All) All {
	if output == nil {
		return nil
	}
	return func(of string, lines iter.Seq[string]) {
		output(s.Mask(of), func(yield func(string) bool) {
			for line := range lines {
				if !yield(s.Mask(line)) {
					return
				}
			}
		})
	}
}

// maskedError is an error with secrets masked in its text.
type maskedError struct {
	error
	text string
}

func (e maskedError) Error() string { return e.text }
func (e maskedError) Unwrap() error { return e.error }

// check rejects duplicate stream names and steps that could never be due.
func (s *Scenario) check() error {
	if len(s.Streams) == 0 {
		return errors.New("the scenario has no load")
	}
	names := map[string]bool{}
	for _, stream := range s.Streams {
		if names[stream.Name] {
			return fmt.Errorf("two loads are named %s", stream.Name)
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

func (s *Scenario) try(ctx context.Context, a Attempt, processes *proc.Group, watch Watch) (runs []*record.Run, err error) {
	done := &changes{processes: processes, interrupts: s.Interrupts, watch: watch}
	t := newTimeline(a.Variant.Timeline, s.Settle, done)
	env := &Env{Mark: t.mark, Products: a.Variant.products(), Log: s.Log.of(a, s.Mask), Output: s.masked(s.Output), Processes: processes}
	done.log, done.output = env.Log, env.Output
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
		ended := watch.act(PhaseSetUp, action.String())
		err := done.do(ctx, "", action, env)
		ended()
		if err != nil {
			return nil, &SetUpError{inWords(err)}
		}
	}
	loads, err := s.loads(ctx, a, env)
	if err != nil {
		return nil, err
	}
	runs, err = s.carryOut(ctx, a, loads, t, env, watch)
	s.handHints(a, t)
	if err != nil {
		return nil, inWords(err)
	}
	return runs, nil
}

// loads makes a load for each stream, or none.
func (s *Scenario) loads(ctx context.Context, a Attempt, env *Env) ([]Load, error) {
	var loads []Load
	for i := range s.Streams {
		load, err := s.Streams[i].newLoad(ctx, a, env)
		if err != nil {
			for _, made := range loads {
				made.Close()
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

// carryOut runs the loads with the timeline beside them. An error means that the
// runs are meaningless.
func (s *Scenario) carryOut(ctx context.Context, a Attempt, loads []Load, t *timeline, env *Env, watch Watch) (runs []*record.Run, err error) {
	watched := make([]Watched, len(loads))
	for i, load := range loads {
		load.Start(ctx) // one after the other, so that outputs list them in this order
		t.markOn(load, s.Mask)
		watched[i] = load
	}
	unheeded := s.heed(ctx, loads)
	defer unheeded()
	stop := watch.load(watched)
	t.run(ctx, s.Streams, loads, env)
	for _, load := range loads {
		run, meaningless := load.Result()
		if err == nil {
			err = meaningless
		}
		runs = append(runs, run)
	}
	stop()
	v := a.Variant
	for i, run := range runs {
		run.Notes = append(run.Notes, env.Notes...)
		run.Products = product.Add(run.Products, env.Products...)
		run.Expect, run.Require, run.FailIf = v.Expect, v.Require, v.FailIf
		run.Marks = loads[i].Marks().List()
		loads[i].End(run)
	}
	return runs, err
}

// handHints passes the errors of failed steps that carry a hint to Hinted.
func (s *Scenario) handHints(a Attempt, t *timeline) {
	if s.Hinted == nil {
		return
	}
	for _, err := range t.hinted {
		err = a.explain(err)
		s.Hinted(maskedError{err, s.Mask(err.Error())})
	}
}

// heed handles interrupts until the function it returns is called. When ctx
// ends, it stops the loads and says what they wait for; when the wait is
// skipped, it aborts them.
func (s *Scenario) heed(ctx context.Context, loads []Load) (stop func()) {
	over, unheeded := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(unheeded)
		select {
		case <-over:
			return
		case <-ctx.Done():
		case <-s.Interrupts.skip:
		}
		var bound time.Duration
		for _, load := range loads {
			bound = max(bound, load.Stop())
		}
		s.say(over, loads, bound)
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

// worthSaying is how long a wait must last before it is mentioned.
const worthSaying = 100 * time.Millisecond

// say prints what is being waited for, unless the wait ends soon.
func (s *Scenario) say(over <-chan struct{}, loads []Load, bound time.Duration) {
	select {
	case <-over:
		return
	case <-s.Interrupts.skip:
		return
	case <-time.After(worthSaying):
	}
	var inFlight int64
	for _, load := range loads {
		p := load.Progress()
		inFlight += p.Started - p.Finished
	}
	if inFlight > 0 {
		s.Interrupts.Say(waiting(inFlight, bound, s.Interrupts.ledger.underWay()))
	}
}

// waiting returns what an interrupted run waits for, and what it restores then.
func waiting(inFlight int64, bound time.Duration, restore []string) string {
	requests := "requests"
	if inFlight == 1 {
		requests = "request"
	}
	then := ""
	if len(restore) > 0 {
		then = ", then restoring " + strings.Join(restore, ", ")
	}
	return fmt.Sprintf("interrupted: waiting up to %s for %d %s in flight%s; press Ctrl-C again to skip the wait", Span(bound), inFlight, requests, then)
}

// lateError is the error of an undo that exceeded undoBound.
type lateError struct{ error }

func (e lateError) Error() string {
	text := fmt.Sprintf("not done within %s", Span(undoBound))
	if said := e.error.Error(); said != context.DeadlineExceeded.Error() {
		text += ": " + said
	}
	return text
}

func (e lateError) Unwrap() error { return e.error }

// inWords replaces context.Canceled with an error whose text suits a report.
func inWords(err error) error {
	if errors.Is(err, context.Canceled) {
		return interruptedError{}
	}
	return err
}
