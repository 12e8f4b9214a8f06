package scenario_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
	"nodrop/scenario"
)

// client is a Load that sends nothing. It goes on until it is released or
// stopped.
type client struct {
	cfg     loadgen.Config
	journal *journal
	err     error // of its result
	begin   time.Time
	marks   record.Marks
	end     sync.Once
	over    chan struct{}
}

func (c *client) Start(context.Context)       { c.journal.add("start"); c.begin = time.Now() }
func (c *client) Progress() record.Progress   { return record.Progress{Elapsed: time.Since(c.begin)} }
func (c *client) Warnings() []string          { return nil }
func (c *client) Settings() record.Settings   { return record.Settings{Requests: c.cfg.Requests} }
func (c *client) Marks() *record.Marks        { return &c.marks }
func (c *client) Since(t time.Time) int64     { return t.Sub(c.begin).Nanoseconds() }
func (c *client) Hold()                       { c.journal.add("hold") }
func (c *client) Release()                    { c.leave("release") }
func (c *client) Stop() (bound time.Duration) { c.leave("stop"); return 0 }
func (c *client) Abort()                      { c.leave("abort") }
func (c *client) End(*record.Run)             { c.journal.add("end") }
func (c *client) Close()                      { c.journal.add("close") }
func (c *client) Result() (*record.Run, error) {
	<-c.over
	c.journal.add("result")
	return &record.Run{Variant: c.cfg.Variant, Gateway: c.cfg.Gateway, Settings: record.Settings{Requests: c.cfg.Requests}}, c.err
}

// leave ends the load. Only the first reason counts.
func (c *client) leave(why string) {
	c.end.Do(func() {
		c.journal.add(why)
		close(c.over)
	})
}

// clients returns a Loader whose loads end with err.
func clients(j *journal, err error) scenario.Loader {
	return func(_ context.Context, cfg loadgen.Config) (scenario.Load, error) {
		return &client{cfg: cfg, journal: j, err: err, over: make(chan struct{})}, nil
	}
}

// TestAnotherClient: a load that this program does not send gets what the
// attempt has set up, is held until the event is over, and its run has the marks
// and checks.
func TestAnotherClient(t *testing.T) {
	j := &journal{}
	s := &scenario.Scenario{
		Streams: []scenario.Stream{{By: clients(j, nil)}}, Settle: time.Nanosecond,
		Variants: []scenario.Variant{{
			Name: "v",
			Setup: []scenario.Action{&fake{name: "setup", journal: &journal{}, run: func(_ context.Context, env *scenario.Env) error {
				env.Gateway, env.Notes = "nginx", []string{"a note"}
				env.Adapt = func(cfg *loadgen.Config) { cfg.Requests = 7 }
				env.Mark(scenario.Moment{Kind: record.MarkReady, Endpoint: "gw-1", At: time.Now()})
				return nil
			}}},
			Timeline: []scenario.Step{{Name: "one", At: scenario.At{Time: time.Millisecond}, Action: &fake{name: "one", journal: j}}},
			Expect:   []string{"lost == 0"},
		}},
	}
	recording, err := runScenario(t, s)
	if err != nil {
		t.Fatal(err)
	}
	expectJournal(t, j, "hold", "start", "one", "release", "result", "end", "undo one")
	run := recording.Runs[0]
	if run.Variant != "v" || run.Gateway != "nginx" || run.Settings.Requests != 7 || run.Expect[0] != "lost == 0" || run.Notes[0] != "a note" {
		t.Errorf("%+v", run)
	}
	if len(run.Marks) != 2 || run.Marks[0].Kind != record.MarkReady || run.Marks[0].Start >= 0 || run.Marks[1].Start < int64(time.Millisecond) {
		t.Errorf("marks %+v; want gw-1 ready before the load, and the step 1 ms after its start", run.Marks)
	}
}

// TestMarksReachALoadAtOnce: whoever watches the marks of a load sees each one
// while the load runs, without secrets.
func TestMarksReachALoadAtOnce(t *testing.T) {
	server := newTarget(t)
	seen := make(chan record.Mark, 1)
	s := &scenario.Scenario{Streams: oneStream(config(server.URL)), Settle: time.Nanosecond, Variants: []scenario.Variant{{
		Timeline: []scenario.Step{{Name: "one", Action: &fake{name: "one", journal: &journal{}, run: func(ctx context.Context, env *scenario.Env) error {
			env.Mark(scenario.Moment{Kind: record.MarkNote, Note: "http://me:S3CRET@h/", At: time.Now()})
			select {
			case <-seen:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}}},
	}}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	recording, err := s.Run(ctx, scenario.Watch{Load: func(loads []scenario.Watched) func() {
		loads[0].Marks().Each(func(m record.Mark) {
			if m.Kind == record.MarkNote {
				seen <- m
			}
		})
		return func() {}
	}})
	if err != nil || ctx.Err() != nil {
		t.Fatal(err, ctx.Err())
	}
	if name := recording.Runs[0].Marks[1].Name; name != "http://me:***@h/" {
		t.Errorf("the mark is named %s", name)
	}
}

// TestAnotherClientStopped: the end of the context stops the load, and there is
// a run.
func TestAnotherClientStopped(t *testing.T) {
	j := &journal{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := &scenario.Scenario{Streams: []scenario.Stream{{By: clients(j, nil)}}, Settle: patience, Variants: []scenario.Variant{{
		Timeline: []scenario.Step{{Name: "one", Action: &fake{name: "one", journal: j, run: func(context.Context, *scenario.Env) error {
			cancel()
			return nil
		}}}},
	}}}
	recording, err := s.Run(ctx, unwatched)
	if err != nil || len(recording.Runs) != 1 {
		t.Errorf("got %v and %d runs; want one", err, len(recording.Runs))
	}
	if len(j.list) < 4 || j.list[3] != "stop" && j.list[3] != "release" {
		t.Errorf("got %q; want the load stopped after the step", j.list)
	}
}

// TestMeaninglessRun: it is not part of the recording.
func TestMeaninglessRun(t *testing.T) {
	j := &journal{}
	s := &scenario.Scenario{Streams: []scenario.Stream{{By: clients(j, errors.New("no such command"))}}, Variants: []scenario.Variant{{Name: "v"}}}
	recording, err := runScenario(t, s)
	if err == nil || err.Error() != "v: no such command" || len(recording.Runs) > 0 {
		t.Errorf("got %v and %d runs", err, len(recording.Runs))
	}
	if diff := cmp.Diff([]string{"start", "release", "result", "end"}, j.list); diff != "" {
		t.Error(diff)
	}
}

// TestLoadThatCannotBeMade: the others are released and not started.
func TestLoadThatCannotBeMade(t *testing.T) {
	j := &journal{}
	s := &scenario.Scenario{
		Streams: []scenario.Stream{
			{Name: "a", By: clients(j, nil)},
			{Name: "b", By: func(context.Context, loadgen.Config) (scenario.Load, error) {
				return nil, errors.New("no such command")
			}},
		},
		Variants: []scenario.Variant{{Name: "v"}},
	}
	if _, err := runScenario(t, s); err == nil || err.Error() != "v: b: no such command" {
		t.Errorf("got %v", err)
	}
	expectJournal(t, j, "close")
}
