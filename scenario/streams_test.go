package scenario_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/scenario"
)

func names(recording *record.Recording) []string {
	var list []string
	for _, run := range recording.Runs {
		list = append(list, fmt.Sprintf("%s/%s #%d", run.Variant, run.Stream, run.Repetition))
	}
	return list
}

// TestRepetitionsAreInterleaved: every second repetition is reversed, each has
// its own setup and restore, and each stream is a separate run.
func TestRepetitionsAreInterleaved(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	variant := func(name string) scenario.Variant {
		return scenario.Variant{
			Name:     name,
			Setup:    []scenario.Action{&fake{name: "setup " + name, journal: j}},
			Gate:     []scenario.Action{&fake{name: "gate " + name, journal: j}},
			Timeline: []scenario.Step{{Name: "act", Stream: "kept", At: scenario.At{Request: 5}, Action: &fake{name: "act " + name, journal: j}}},
			Restore:  []scenario.Action{&fake{name: "restore " + name, journal: j}},
		}
	}
	s := &scenario.Scenario{
		Streams:  []scenario.Stream{{Name: "new", Load: config(server.URL)}, {Name: "kept", Load: config(server.URL)}},
		Variants: []scenario.Variant{variant("a"), variant("b")},
		Repeat:   2,
	}
	s.Streams[0].Load.DisableKeepAlive = true
	recording, err := runScenario(t, s)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a/new #1", "a/kept #1", "b/new #1", "b/kept #1", "b/new #2", "b/kept #2", "a/new #2", "a/kept #2"}
	if diff := cmp.Diff(want, names(recording)); diff != "" {
		t.Error(diff)
	}
	var order []string
	for _, name := range []string{"a", "b", "b", "a"} {
		order = append(order, "setup "+name, "gate "+name, "act "+name, "restore "+name, "undo act "+name, "undo gate "+name, "undo setup "+name)
	}
	expectJournal(t, j, order...)
	for _, run := range recording.Runs {
		if diff := cmp.Diff([]string{"act: "}, steps(run)); diff != "" {
			t.Errorf("%s/%s: %s", run.Variant, run.Stream, diff)
		}
		if run.Settings.KeepAlive != (run.Stream == "kept") || run.Counts.OK != 20 {
			t.Errorf("%s: %+v", run.Stream, run.Counts)
		}
	}
}

// TestStepsDoNotWaitForEachOther: a long step does not delay another that is
// due, but a step after it waits for its end.
func TestStepsDoNotWaitForEachOther(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	second := make(chan struct{})
	s := &scenario.Scenario{Streams: oneStream(config(server.URL)), Settle: 1, Variants: []scenario.Variant{{Timeline: []scenario.Step{
		{Name: "third", After: "first", Action: &fake{name: "third", journal: j}},
		{Name: "first", Action: &fake{name: "first", journal: j, run: await(second)}},
		{Name: "second", At: scenario.At{Request: 2}, Action: &fake{name: "second", journal: j, run: func(context.Context, *scenario.Env) error {
			close(second)
			return nil
		}}},
	}}}}
	if _, err := runScenario(t, s); err != nil {
		t.Fatal(err)
	}
	j.list = j.list[2:] // first and second, in either order
	expectJournal(t, j, "third", "undo third", "undo second", "undo first")
}

// TestClosedGate: no load runs, and setup is undone.
func TestClosedGate(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	s := &scenario.Scenario{Streams: oneStream(config(server.URL)), Variants: []scenario.Variant{{
		Name:    "v",
		Setup:   []scenario.Action{&fake{name: "a", journal: j}},
		Gate:    []scenario.Action{&fake{name: "gate", journal: j, run: fails(errors.New("not served"))}},
		Restore: []scenario.Action{&fake{name: "b", journal: j, run: fails(errors.New("nor restored"))}},
	}}}
	recording, err := runScenario(t, s)
	if err == nil || err.Error() != "v: not served; restore: nor restored" || len(recording.Runs) > 0 {
		t.Errorf("%v, %d runs", err, len(recording.Runs))
	}
	expectJournal(t, j, "a", "gate", "b", "undo gate", "undo a")
}

// TestStepsThatCannotBe: the error is reported before anything runs.
func TestStepsThatCannotBe(t *testing.T) {
	for want, steps := range map[string][]scenario.Step{
		"step a: there is no step b to run after":     {{Name: "a", After: "b"}},
		"step a waits for step b, which waits for it": {{Name: "a", After: "b"}, {Name: "b", After: "a"}},
		"step a: there is no load x":                  {{Name: "a", Stream: "x"}},
	} {
		s := &scenario.Scenario{Streams: oneStream(config("http://127.0.0.1/")), Variants: []scenario.Variant{{Timeline: steps}}}
		if _, err := s.Run(t.Context(), unwatched); err == nil || err.Error() != want {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}

// TestOrderOfThree: each round reverses the previous one.
func TestOrderOfThree(t *testing.T) {
	for repeat, want := range map[int]string{
		0: "a b c",
		1: "a b c",
		2: "a #1 b #1 c #1 c #2 b #2 a #2",
		3: "a #1 b #1 c #1 c #2 b #2 a #2 a #3 b #3 c #3",
	} {
		s := scenario.Scenario{Repeat: repeat, Variants: []scenario.Variant{{Name: "a"}, {Name: "b"}, {Name: "c"}}}
		var got []string
		for _, attempt := range s.Order() {
			got = append(got, attempt.String())
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%d: %s", repeat, diff)
		}
	}
}

// TestAtOfAStream: At refers to the stream that the step names, or to the
// first.
func TestAtOfAStream(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	short := config(server.URL)
	short.Requests = 2
	tenth := scenario.At{Request: 10}
	s := &scenario.Scenario{
		Streams: []scenario.Stream{{Name: "short", Load: short}, {Name: "long", Load: config(server.URL)}},
		Variants: []scenario.Variant{{Timeline: []scenario.Step{
			{Name: "of the long", Stream: "long", At: tenth, Action: &fake{name: "of the long", journal: j}},
		}}, {Timeline: []scenario.Step{
			{Name: "of the first", At: tenth, Action: &fake{name: "of the first", journal: j}},
		}}},
	}
	recording, err := runScenario(t, s)
	if err != nil {
		t.Fatal(err)
	}
	expectJournal(t, j, "of the long", "undo of the long")
	if diff := cmp.Diff([]string{"of the first: the load ended before the step was due"}, steps(recording.Runs[3])); diff != "" {
		t.Error(diff)
	}
}

// TestMarksOnEveryClock: each run has every mark, on its own clock, and each
// stream continues until the event has settled.
func TestMarksOnEveryClock(t *testing.T) {
	server := newTarget(t)
	const delay, settle = 5 * time.Millisecond, 20 * time.Millisecond
	j := &journal{}
	s := &scenario.Scenario{
		Streams: []scenario.Stream{{Name: "a", Load: config(server.URL)}, {Name: "b", Load: config(server.URL)}}, Settle: settle,
		Variants: []scenario.Variant{{Timeline: []scenario.Step{
			{Name: "one", Action: &fake{name: "one", journal: j, run: func(_ context.Context, env *scenario.Env) error {
				env.Mark(scenario.Moment{Kind: record.MarkSignalled, Endpoint: "gw", At: time.Now()})
				return nil
			}}},
			{Name: "two", After: "one", Delay: delay, Action: &fake{name: "two", journal: j}},
		}}},
	}
	recording, err := runScenario(t, s)
	if err != nil {
		t.Fatal(err)
	}
	a, b := recording.Runs[0], recording.Runs[1]
	if len(a.Marks) != 3 || len(b.Marks) != 3 {
		t.Fatalf("marks %+v and %+v", a.Marks, b.Marks)
	}
	ahead := a.Marks[0].Start - b.Marks[0].Start
	for i := range a.Marks {
		shifted := b.Marks[i]
		shifted.Start, shifted.End = shifted.Start+ahead, shifted.End+ahead
		if diff := cmp.Diff(a.Marks[i], shifted); diff != "" {
			t.Errorf("%d ns ahead: %s", ahead, diff)
		}
	}
	for _, run := range recording.Runs {
		two := run.Marks[2]
		if waited := time.Duration(two.Start - stepEnd(run, "one")); waited < delay {
			t.Errorf("%s: two began %v after one; want %v", run.Stream, waited, delay)
		}
		if after := time.Duration(run.Duration - two.End); after < settle {
			t.Errorf("%s: ended %v after the event; want %v", run.Stream, after, settle)
		}
	}
}

func stepEnd(run *record.Run, name string) int64 {
	i := slices.IndexFunc(run.Marks, func(m record.Mark) bool { return m.Kind == record.MarkStep && m.Name == name })
	return run.Marks[i].End
}

// TestStepThatFailsBesideOthers: a step that is running completes; one that has
// not begun is skipped.
func TestStepThatFailsBesideOthers(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	failed := make(chan struct{})
	s := &scenario.Scenario{Streams: oneStream(config(server.URL)), Settle: 1, Variants: []scenario.Variant{{Timeline: []scenario.Step{
		{Name: "under way", Action: &fake{name: "under way", journal: j, run: await(failed)}},
		{Name: "fails", At: scenario.At{Request: 2}, Action: &fake{name: "fails", journal: j, run: func(context.Context, *scenario.Env) error {
			close(failed)
			return errors.New("denied")
		}}},
		{Name: "later", After: "under way", Delay: time.Hour, Action: &fake{name: "later", journal: j}},
	}}}}
	recording, err := runScenario(t, s)
	if err != nil {
		t.Fatal(err)
	}
	got := steps(recording.Runs[0])
	slices.Sort(got)
	if diff := cmp.Diff([]string{"fails: denied", "later: skipped: fails did not succeed", "under way: "}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"undo fails", "undo under way"}, j.list[2:]); diff != "" {
		t.Error(diff)
	}
}

// TestStreamNames: stream names distinguish runs side by side; unnamed streams
// get one.
func TestStreamNames(t *testing.T) {
	for name, tt := range map[string]struct{ given, want []string }{
		"one":           {[]string{""}, []string{""}},
		"two":           {[]string{"", ""}, []string{"load-1", "load-2"}},
		"some":          {[]string{"a", "", "b"}, []string{"a", "load-2", "b"}},
		"taken already": {[]string{"load-2", "", ""}, []string{"load-2", "load-5", "load-3"}},
	} {
		var list []scenario.Stream
		for _, name := range tt.given {
			list = append(list, scenario.Stream{Name: name})
		}
		scenario.NameStreams(list)
		var got []string
		for _, stream := range list {
			got = append(got, stream.Name)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	s := &scenario.Scenario{Variants: []scenario.Variant{{}}}
	for _, name := range []string{"a", "b", "a"} {
		s.Streams = append(s.Streams, scenario.Stream{Name: name, Load: config("http://127.0.0.1/")})
	}
	const want = "two loads are named a"
	if _, err := s.Run(t.Context(), unwatched); err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}
