package scenario_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"nodrop/scenario"
)

// cancels returns an action's Run that is interrupted.
func cancels(cancel func()) func(context.Context, *scenario.Env) error {
	return func(ctx context.Context, _ *scenario.Env) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}
}

// TestCancelledAtGate: setup is undone, with a fresh context.
func TestCancelledAtGate(t *testing.T) {
	j := &journal{}
	ctx, cancel := context.WithCancel(t.Context())
	s := &scenario.Scenario{Streams: oneStream(config("http://127.0.0.1/")), Repeat: 2, Variants: []scenario.Variant{{
		Name:    "v",
		Setup:   []scenario.Action{&fake{name: "a", journal: j}},
		Gate:    []scenario.Action{&fake{name: "gate", journal: j, run: cancels(cancel)}, &fake{name: "never", journal: j}},
		Restore: []scenario.Action{&fake{name: "b", journal: j, run: func(ctx context.Context, _ *scenario.Env) error { return ctx.Err() }}},
	}}}
	recording, err := runWith(ctx, t, s)
	if !errors.Is(err, context.Canceled) || len(recording.Runs) != 0 || errors.Is(err, scenario.ErrRestore) {
		t.Errorf("got %v, %d runs", err, len(recording.Runs))
	}
	expectJournal(t, j, "a", "gate", "b", "undo gate", "undo a")
}

// TestCancelledInRestore: restore continues, the run is kept, and no other
// starts.
func TestCancelledInRestore(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	ctx, cancel := context.WithCancel(t.Context())
	s := &scenario.Scenario{Streams: oneStream(config(server.URL)), Repeat: 2, Variants: []scenario.Variant{{
		Name:  "v",
		Setup: []scenario.Action{&fake{name: "a", journal: j}},
		Restore: []scenario.Action{
			&fake{name: "b", journal: j, run: func(ctx context.Context, _ *scenario.Env) error {
				cancel()
				return ctx.Err()
			}},
			&fake{name: "c", journal: j},
		},
	}}}
	recording, err := runWith(ctx, t, s)
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"v/ #1"}, names(recording)); diff != "" {
		t.Error(diff)
	}
	expectJournal(t, j, "a", "b", "c", "undo a")
}

// TestRestoreThatFails: every failure is reported, and nothing else runs,
// because the target is in an unexpected state.
func TestRestoreThatFails(t *testing.T) {
	server := newTarget(t)
	j := &journal{}
	variant := func(name string) scenario.Variant {
		return scenario.Variant{
			Name:  name,
			Setup: []scenario.Action{&fake{name: "a", journal: j, undoErr: errors.New("not a")}},
			Timeline: []scenario.Step{{
				Name: "act", Action: &fake{name: "act", journal: j, undoErr: errors.New("nor act")},
			}},
			Restore: []scenario.Action{
				&fake{name: "b", journal: j, run: fails(errors.New("nor b"))},
				&fake{name: "c", journal: j},
				&fake{name: "d", journal: j, run: fails(errors.New("nor d"))},
			},
		}
	}
	s := &scenario.Scenario{Streams: oneStream(config(server.URL)), Repeat: 2, Variants: []scenario.Variant{variant("v"), variant("w")}}
	recording, err := runScenario(t, s)
	const want = "v #1: restore: nor b; restore: nor d; restore: nor act; restore: not a"
	if err == nil || err.Error() != want || !errors.Is(err, scenario.ErrRestore) {
		t.Errorf("got %v; want %s", err, want)
	}
	if diff := cmp.Diff([]string{"v/ #1"}, names(recording)); diff != "" {
		t.Error(diff)
	}
	expectJournal(t, j, "a", "act", "b", "c", "d", "undo act", "undo a")
}

// TestInterruptedAndNotRestored: a failed restore is reported, although the
// interrupt itself is not an error.
func TestInterruptedAndNotRestored(t *testing.T) {
	j := &journal{}
	ctx, cancel := context.WithCancel(t.Context())
	s := &scenario.Scenario{Streams: oneStream(config("http://127.0.0.1/")), Variants: []scenario.Variant{{
		Setup: []scenario.Action{
			&fake{name: "a", journal: j, undoErr: errors.New("stuck")},
			&fake{name: "b", journal: j, run: cancels(cancel)},
		},
	}}}
	_, err := runWith(ctx, t, s)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, scenario.ErrRestore) || !strings.HasSuffix(err.Error(), "; restore: stuck") {
		t.Errorf("got %v", err)
	}
}

// TestRestoreHangs: each undo has its own time limit, and the error says that
// it was exceeded.
func TestRestoreHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		hang := func(ctx context.Context, _ *scenario.Env) error {
			<-ctx.Done()
			return ctx.Err()
		}
		s := &scenario.Scenario{Streams: oneStream(config("http://127.0.0.1/")), Variants: []scenario.Variant{{
			Setup:   []scenario.Action{&fake{name: "a", journal: j, run: fails(errors.New("denied"))}},
			Restore: []scenario.Action{&fake{name: "b", journal: j, run: hang}},
		}}}
		_, err := s.Run(t.Context(), unwatched)
		if want := "denied; restore: not done within 10m"; err == nil || err.Error() != want {
			t.Errorf("got %v; want %s", err, want)
		}
		expectJournal(t, j, "a", "b", "undo a")
	})
}
