package scenario_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen"
	"nodrop/scenario"
)

// names are the runs of a recording.
func names(recording *loadgen.Recording) []string {
	var list []string
	for _, run := range recording.Runs {
		list = append(list, fmt.Sprintf("%s/%s #%d", run.Variant, run.Stream, run.Repetition))
	}
	return list
}

// TestRepetitionsAreInterleaved: every second one in reverse, each with its own
// setup and restore, and each stream a run of its own.
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

// TestStepsDoNotWaitForEachOther: one that takes long does not keep another from
// its time, and what is after it waits for its end.
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
	j.list = j.list[2:] // first and second, of which either may be heard of before the other
	expectJournal(t, j, "third", "undo third", "undo second", "undo first")
}

// TestClosedGate: there is no load, and what was set up is put back.
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

// TestStepsThatCannotBe: told before anything is done.
func TestStepsThatCannotBe(t *testing.T) {
	for want, steps := range map[string][]scenario.Step{
		"step a is after b, and there is no such step":       {{Name: "a", After: "b"}},
		"step a is after b, which waits for it":              {{Name: "a", After: "b"}, {Name: "b", After: "a"}},
		"step a is of stream x, and there is no such stream": {{Name: "a", Stream: "x"}},
	} {
		s := &scenario.Scenario{Streams: oneStream(config("http://127.0.0.1/")), Variants: []scenario.Variant{{Timeline: steps}}}
		if _, err := s.Run(t.Context(), unwatched); err == nil || err.Error() != want {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}
