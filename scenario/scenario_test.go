package scenario_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
	"nodrop/scenario"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type journal struct {
	mu   sync.Mutex // guards list
	list []string
}

func (j *journal) add(what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list = append(j.list, what)
}

// fake is an action that records its calls.
type fake struct {
	name    string
	journal *journal
	run     func(ctx context.Context, env *scenario.Env) error // nil succeeds
	undoErr error
}

func (f *fake) String() string { return f.name }

func (f *fake) Run(ctx context.Context, env *scenario.Env) error {
	f.journal.add(f.name)
	if f.run == nil {
		return nil
	}
	return f.run(ctx, env)
}

func (f *fake) Undo(ctx context.Context) error {
	f.journal.add("undo " + f.name)
	if err := ctx.Err(); err != nil {
		return err // an interrupted run is restored, too
	}
	return f.undoErr
}

type target struct {
	*httptest.Server
	mu      sync.Mutex // guards below
	n       int
	waiting map[int]chan struct{}
}

func newTarget(t *testing.T) *target {
	t.Helper()
	s := &target{waiting: map[int]chan struct{}{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.n++
		if c := s.waiting[s.n]; c != nil {
			close(c)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// reached returns a channel that is closed when the nth request arrives. Call
// it before that can happen.
func (s *target) reached(n int) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := make(chan struct{})
	s.waiting[n] = c
	return c
}

// patience bounds a test that hangs. It is not a measure of anything.
const patience = 5 * time.Minute

// await returns an action's Run that waits for c.
func await(c <-chan struct{}) func(context.Context, *scenario.Env) error {
	return func(ctx context.Context, _ *scenario.Env) error {
		select {
		case <-c:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func fails(err error) func(context.Context, *scenario.Env) error {
	return func(context.Context, *scenario.Env) error { return err }
}

// unwatched is for runs that nobody watches.
var unwatched scenario.Watch

func config(url string) loadgen.Config {
	return loadgen.Config{URL: url, Requests: 20, Workers: 2}
}

func oneStream(cfg loadgen.Config) []scenario.Stream { return []scenario.Stream{{Load: cfg}} }

// runScenario runs s and checks the identity of every run.
func runScenario(t *testing.T, s *scenario.Scenario) (*record.Recording, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return runWith(ctx, t, s)
}

func runWith(ctx context.Context, t *testing.T, s *scenario.Scenario) (*record.Recording, error) {
	t.Helper()
	recording, err := s.Run(ctx, unwatched)
	if recording == nil || recording.Format != record.Format {
		t.Fatalf("recording %+v", recording)
	}
	for _, run := range recording.Runs {
		if err := run.Counts.Check(); err != nil {
			t.Error(err)
		}
		if !slices.IsSortedFunc(run.Marks, func(a, b record.Mark) int { return int(a.Start - b.Start) }) {
			t.Errorf("marks out of order: %+v", run.Marks)
		}
	}
	return recording, err
}

// steps returns the step marks of a run, as "name: error".
func steps(run *record.Run) []string {
	var list []string
	for _, m := range run.Marks {
		if m.Kind == record.MarkStep {
			list = append(list, m.Name+": "+m.Error)
		}
	}
	return list
}

func expectJournal(t *testing.T, j *journal, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, j.list); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

func TestOrder(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	first := server.reached(1)
	s := &scenario.Scenario{
		Streams: oneStream(config(server.URL)), Settle: time.Nanosecond,
		Variants: []scenario.Variant{{
			Name:  "v",
			Setup: []scenario.Action{&fake{name: "a", journal: j}, &fake{name: "b", journal: j}},
			Timeline: []scenario.Step{
				{Name: "one", Action: &fake{name: "one", journal: j, run: func(ctx context.Context, env *scenario.Env) error {
					defer j.add("load")
					return await(first)(ctx, env)
				}}},
				{Name: "two", After: "one", Action: &fake{name: "two", journal: j}},
			},
			Expect: []string{"lost = 0"}, Require: []string{"n > 1"},
		}},
	}
	watched := &journal{}
	recording, err := s.Run(t.Context(), scenario.Watch{
		Attempt: func(a scenario.Attempt, nth, of int) { watched.add(fmt.Sprint(a, ", ", nth, " of ", of)) },
		Act: func(phase scenario.Phase, name string) func() {
			watched.add(string(phase) + " " + name)
			return func() { watched.add("ended " + name) }
		},
		Load: func(loads []scenario.Watched) func() {
			watched.add(fmt.Sprint("begin ", loads[0].Settings().Requests))
			return func() {
				if p := loads[0].Progress(); p.Finished != p.Started || p.Finished < 20 {
					t.Errorf("told of the end at %+v", p)
				}
				watched.add("end")
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	expectJournal(t, j, "a", "b", "one", "load", "two", "undo two", "undo one", "undo b", "undo a")
	expectJournal(t, watched, "v, 1 of 1", "setting up a", "ended a", "setting up b", "ended b", "begin 20",
		"running one", "ended one", "running two", "ended two", "end")
	run := recording.Runs[0]
	if diff := cmp.Diff([]string{"one: ", "two: "}, steps(run)); diff != "" {
		t.Error(diff)
	}
	if run.Variant != "v" || run.Interrupted || run.Counts.Lost != 0 || run.Expect[0] != "lost = 0" || run.Require[0] != "n > 1" {
		t.Errorf("%+v", run)
	}
	one, two := run.Marks[0], run.Marks[1]
	if one.Start < 0 || one.End < one.Start || two.Start < one.End || run.Duration < two.End {
		t.Errorf("marks %+v in a run of %d ns", run.Marks, run.Duration)
	}
}

func TestSetupFailsHalfWay(t *testing.T) {
	j := &journal{}
	broken := errors.New("no room")
	s := &scenario.Scenario{Streams: oneStream(config("http://127.0.0.1/")), Variants: []scenario.Variant{{
		Name: "v",
		Setup: []scenario.Action{
			&fake{name: "a", journal: j},
			&fake{name: "b", journal: j, run: fails(broken)},
			&fake{name: "c", journal: j},
		},
	}}}
	recording, err := runScenario(t, s)
	if !errors.Is(err, broken) || err.Error() != "v: no room" || len(recording.Runs) != 0 {
		t.Errorf("got %v, %d runs", err, len(recording.Runs))
	}
	expectJournal(t, j, "a", "b", "undo b", "undo a")
}

// TestLoadThatCannotBe: errors in the load's configuration come after setup.
func TestLoadThatCannotBe(t *testing.T) {
	j := &journal{}
	s := &scenario.Scenario{Streams: oneStream(config("gopher://x/")), Variants: []scenario.Variant{{Name: "v", Setup: []scenario.Action{&fake{name: "a", journal: j}}}}}
	if _, err := runScenario(t, s); err == nil || !strings.HasPrefix(err.Error(), "v: URL ") {
		t.Errorf("got %v", err)
	}
	expectJournal(t, j, "a", "undo a")
}

// TestUndoFails: the rest is undone, the run is kept, and the failed undo is
// reported together with any other error.
func TestUndoFails(t *testing.T) {
	server := newTarget(t)
	stuck, broken := errors.New("stuck"), errors.New("no room")
	for name, run := range map[string]func(context.Context, *scenario.Env) error{"alone": nil, "after another error": fails(broken)} {
		t.Run(name, func(t *testing.T) {
			j := &journal{}
			s := &scenario.Scenario{Streams: oneStream(config(server.URL)), Variants: []scenario.Variant{{
				Name: "v",
				Setup: []scenario.Action{
					&fake{name: "a", journal: j},
					&fake{name: "b", journal: j, undoErr: stuck},
					&fake{name: "c", journal: j, run: run},
				},
			}}}
			recording, err := runScenario(t, s)
			if !errors.Is(err, stuck) || !strings.Contains(err.Error(), "restore: stuck") || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v; want a restore that failed", err)
			}
			if run != nil != errors.Is(err, broken) || run == nil != (len(recording.Runs) == 1) {
				t.Errorf("got %v and %d runs", err, len(recording.Runs))
			}
			expectJournal(t, j, "a", "b", "c", "undo c", "undo b", "undo a")
		})
	}
}

func TestStepFails(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	s := &scenario.Scenario{Streams: oneStream(config(server.URL)), Settle: time.Nanosecond, Variants: []scenario.Variant{{
		Name:  "v",
		Setup: []scenario.Action{&fake{name: "a", journal: j}},
		Timeline: []scenario.Step{
			{Name: "one", Action: &fake{name: "one", journal: j, run: fails(errors.New("denied"))}},
			{Name: "two", After: "one", Action: &fake{name: "two", journal: j}},
		},
	}}}
	recording, err := runScenario(t, s)
	if err != nil {
		t.Fatalf("%v; a failed step is a mark", err)
	}
	expectJournal(t, j, "a", "one", "undo one", "undo a")
	run := recording.Runs[0]
	if diff := cmp.Diff([]string{"one: denied", "two: skipped: one did not succeed"}, steps(run)); diff != "" {
		t.Error(diff)
	}
	if run.Counts.OK < 20 || run.Interrupted {
		t.Errorf("%+v, interrupted %t; want the whole load", run.Counts, run.Interrupted)
	}
}

func TestNeverDue(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	s := &scenario.Scenario{Streams: oneStream(config(server.URL)), Variants: []scenario.Variant{{
		Name: "v",
		Timeline: []scenario.Step{
			{Name: "one", At: scenario.At{Request: 1000}, Action: &fake{name: "one", journal: j}},
			{Name: "two", After: "one", Action: &fake{name: "two", journal: j}},
		},
	}}}
	recording, err := runScenario(t, s)
	if err != nil {
		t.Fatal(err)
	}
	expectJournal(t, j)
	if diff := cmp.Diff([]string{"one: the load ended before the step was due", "two: skipped: one did not succeed"}, steps(recording.Runs[0])); diff != "" {
		t.Error(diff)
	}
}

func TestCancelledInSetup(t *testing.T) {
	j := &journal{}
	ctx, cancel := context.WithCancel(t.Context())
	s := &scenario.Scenario{Streams: oneStream(config("http://127.0.0.1/")), Variants: []scenario.Variant{
		{Name: "v", Setup: []scenario.Action{
			&fake{name: "a", journal: j},
			&fake{name: "b", journal: j, run: func(ctx context.Context, _ *scenario.Env) error {
				cancel()
				<-ctx.Done()
				return ctx.Err()
			}},
		}},
		{Name: "w", Setup: []scenario.Action{&fake{name: "c", journal: j}}},
	}}
	recording, err := runWith(ctx, t, s)
	if !errors.Is(err, context.Canceled) || len(recording.Runs) != 0 {
		t.Errorf("got %v, %d runs", err, len(recording.Runs))
	}
	expectJournal(t, j, "a", "b", "undo b", "undo a")
}

func TestCancelledInBaseline(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	context.AfterFunc(t.Context(), cancel)
	fifth := server.reached(5)
	go func() {
		<-fifth
		cancel()
	}()
	load := config(server.URL)
	load.Duration = time.Hour
	s := &scenario.Scenario{Streams: oneStream(load), Settle: time.Hour, Variants: []scenario.Variant{
		{
			Name: "v", Setup: []scenario.Action{&fake{name: "a", journal: j}},
			Timeline: []scenario.Step{{Name: "one", At: scenario.At{Percent: 50}, Action: &fake{name: "one", journal: j}}},
		},
		{Name: "w", Setup: []scenario.Action{&fake{name: "b", journal: j}}},
	}}
	recording, err := runWith(ctx, t, s)
	if err != nil || len(recording.Runs) != 1 {
		t.Fatalf("got %v, %d runs; want what was counted", err, len(recording.Runs))
	}
	run := recording.Runs[0]
	if !run.Interrupted || run.Counts.OK < 4 || len(run.Marks) != 0 {
		t.Errorf("interrupted %t, %+v, marks %+v", run.Interrupted, run.Counts, run.Marks)
	}
	expectJournal(t, j, "a", "undo a")
}

func TestCancelledInStep(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	ctx, cancel := context.WithCancel(t.Context())
	load := config(server.URL)
	load.Duration = time.Hour
	s := &scenario.Scenario{Streams: oneStream(load), Variants: []scenario.Variant{{
		Name: "v", Setup: []scenario.Action{&fake{name: "a", journal: j}},
		Timeline: []scenario.Step{
			{Name: "one", At: scenario.At{Request: 5}, Action: &fake{name: "one", journal: j, run: func(ctx context.Context, _ *scenario.Env) error {
				cancel()
				<-ctx.Done()
				return context.Cause(ctx)
			}}},
			{Name: "two", After: "one", Action: &fake{name: "two", journal: j}},
		},
	}}}
	recording, err := runWith(ctx, t, s)
	if err != nil || len(recording.Runs) != 1 {
		t.Fatalf("got %v, %d runs; want what was counted", err, len(recording.Runs))
	}
	run := recording.Runs[0]
	if diff := cmp.Diff([]string{"one: interrupted"}, steps(run)); diff != "" || !run.Interrupted || run.Counts.Started < 5 {
		t.Errorf("interrupted %t, %+v: %s", run.Interrupted, run.Counts, diff)
	}
	expectJournal(t, j, "a", "one", "undo one", "undo a")
}

// TestSettle: the load continues beyond its requests until the step is over.
func TestSettle(t *testing.T) {
	server := newTarget(t)
	const settle = 20 * time.Millisecond
	beyond := server.reached(21)
	j := &journal{}
	s := &scenario.Scenario{Streams: oneStream(config(server.URL)), Settle: settle, Variants: []scenario.Variant{{
		Name:     "v",
		Timeline: []scenario.Step{{Name: "one", At: scenario.At{Request: 10}, Action: &fake{name: "one", journal: j, run: await(beyond)}}},
	}}}
	recording, err := runScenario(t, s)
	if err != nil {
		t.Fatal(err)
	}
	run := recording.Runs[0]
	if diff := cmp.Diff([]string{"one: "}, steps(run)); diff != "" {
		t.Fatal(diff)
	}
	if run.Counts.Planned <= 20 || run.Counts.Unsent != 0 || run.Interrupted {
		t.Errorf("%+v; want more than the 20 asked for", run.Counts)
	}
	if after := time.Duration(run.Duration - run.Marks[0].End); after < settle {
		t.Errorf("the load ended %v after the event; want %v", after, settle)
	}
}

// TestNoSettle: the load ends on its own, and the run still waits for the step.
func TestNoSettle(t *testing.T) {
	server := newTarget(t)
	last, over := server.reached(20), make(chan struct{})
	j := &journal{}
	s := &scenario.Scenario{Streams: oneStream(config(server.URL)), Variants: []scenario.Variant{{
		Name: "v",
		Timeline: []scenario.Step{{Name: "one", Action: &fake{name: "one", journal: j, run: func(ctx context.Context, env *scenario.Env) error {
			if err := await(last)(ctx, env); err != nil {
				return err
			}
			return await(over)(ctx, env)
		}}}},
	}}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	recording, err := s.Run(ctx, scenario.Watch{Load: func(loads []scenario.Watched) func() {
		go func() {
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for loads[0].Progress().Finished < 20 && ctx.Err() == nil {
				<-tick.C
			}
			close(over)
		}()
		return func() {}
	}})
	if err != nil {
		t.Fatal(err)
	}
	run := recording.Runs[0]
	if run.Counts.Planned != 20 || run.Counts.OK != 20 {
		t.Errorf("%+v; want 20", run.Counts)
	}
	if diff := cmp.Diff([]string{"one: "}, steps(run)); diff != "" {
		t.Error(diff)
	}
}

// TestMarks: marks are on the load's clock; earlier ones have negative times.
func TestMarks(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	mark := func(kind record.MarkKind, at func() time.Time, err error) func(context.Context, *scenario.Env) error {
		return func(_ context.Context, env *scenario.Env) error {
			env.Mark(scenario.Moment{Kind: kind, Endpoint: "gw-1", At: at(), Err: err})
			return nil
		}
	}
	s := &scenario.Scenario{Streams: oneStream(config(server.URL)), Settle: time.Nanosecond, Variants: []scenario.Variant{{
		Name: "v",
		Setup: []scenario.Action{
			&fake{name: "late", journal: j, run: mark(record.MarkReady, time.Now, nil)},
			&fake{name: "early", journal: j, run: mark(record.MarkNote, func() time.Time { return time.Now().Add(-time.Hour) }, nil)},
		},
		Timeline: []scenario.Step{{Name: "one", At: scenario.At{Request: 1}, Action: &fake{name: "one", journal: j, run: mark(record.MarkExited, time.Now, errors.New("killed"))}}},
	}}}
	recording, err := runScenario(t, s)
	if err != nil {
		t.Fatal(err)
	}
	marks := recording.Runs[0].Marks
	if len(marks) != 4 {
		t.Fatalf("marks %+v; want 4", marks)
	}
	note, ready, step, exited := marks[0], marks[1], marks[2], marks[3]
	if note.Start > -int64(time.Hour) || note.Start < -int64(time.Hour+patience) || ready.Start >= 0 || ready.Start < -int64(patience) || ready.End != ready.Start {
		t.Errorf("before the load: %+v, %+v", note, ready)
	}
	if exited.Start < step.Start || exited.Start > step.End || exited.End != exited.Start {
		t.Errorf("in the step: %+v in %+v", exited, step)
	}
	ready.Start, ready.End, exited.Start, exited.End = 0, 0, 0, 0
	if want := (record.Mark{Kind: record.MarkReady, Name: record.MarkReady.Of("gw-1"), Endpoint: "gw-1"}); !cmp.Equal(ready, want) {
		t.Errorf("got %+v; want %+v", ready, want)
	}
	if want := (record.Mark{Kind: record.MarkExited, Name: record.MarkExited.Of("gw-1"), Endpoint: "gw-1", Error: "killed"}); !cmp.Equal(exited, want) {
		t.Errorf("got %+v; want %+v", exited, want)
	}
}

// TestLaterVariantFails: earlier runs are kept.
func TestLaterVariantFails(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	s := &scenario.Scenario{Streams: oneStream(config(server.URL)), Variants: []scenario.Variant{
		{Name: "good", Setup: []scenario.Action{&fake{name: "a", journal: j}}},
		{Name: "bad", Setup: []scenario.Action{&fake{name: "b", journal: j, run: fails(errors.New("no room"))}}},
		{Name: "unborn", Setup: []scenario.Action{&fake{name: "c", journal: j}}},
	}}
	recording, err := runScenario(t, s)
	if err == nil || err.Error() != "bad: no room" {
		t.Errorf("got %v; want bad: no room", err)
	}
	if len(recording.Runs) != 1 || recording.Runs[0].Variant != "good" || recording.Runs[0].Counts.OK != 20 {
		t.Errorf("runs %+v; want the good one", recording.Runs)
	}
	expectJournal(t, j, "a", "undo a", "b", "undo b")
}

type balancer struct{ endpoint loadgen.Endpoint }

func (b *balancer) Next(context.Context) (*loadgen.Endpoint, error) { return &b.endpoint, nil }

// TestEndpoints: a setup action's endpoints, or else the load's own.
func TestEndpoints(t *testing.T) {
	server := newTarget(t)
	addr := netip.MustParseAddrPort(server.Listener.Addr().String())
	own := &balancer{loadgen.Endpoint{Name: "own", Addr: addr}}
	fleet := &balancer{loadgen.Endpoint{Name: "fleet", Addr: addr}}
	load := config("http://gateway/")
	load.Endpoints = own
	j := &journal{}
	s := &scenario.Scenario{Streams: oneStream(load), Variants: []scenario.Variant{
		{Name: "fleet", Setup: []scenario.Action{&fake{name: "a", journal: j, run: func(_ context.Context, env *scenario.Env) error {
			env.Endpoints = fleet
			return nil
		}}}},
		{Name: "own"},
	}}
	recording, err := runScenario(t, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range recording.Runs {
		if run.Counts.OK != 20 || run.Endpoints[0].Name != run.Variant {
			t.Errorf("%s: %+v at %+v", run.Variant, run.Counts, run.Endpoints)
		}
	}
}
