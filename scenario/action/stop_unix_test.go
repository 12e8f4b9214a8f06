//go:build unix

package action_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/action"
)

// observer keeps moments whole.
type observer struct {
	scenario.Env
	mu   sync.Mutex // guards list
	list []scenario.Moment
}

func newObserver(t *testing.T) *observer {
	t.Helper()
	o := &observer{Env: *newEnv(t)}
	o.Mark = func(m scenario.Moment) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.list = append(o.list, m)
	}
	return o
}

// moments returns the moments so far, in the order of a recording.
func (o *observer) moments() []scenario.Moment {
	o.mu.Lock()
	defer o.mu.Unlock()
	return inOrder(o.list)
}

// kinds lists the kinds of the moments, in order.
func (o *observer) kinds() string {
	var kinds []string
	for _, m := range o.moments() {
		kinds = append(kinds, string(m.Kind))
	}
	return strings.Join(kinds, ", ")
}

// of returns the first moment of a kind.
func (o *observer) of(t *testing.T, kind record.MarkKind) scenario.Moment {
	t.Helper()
	for _, m := range o.moments() {
		if m.Kind == kind {
			return m
		}
	}
	t.Fatalf("no %q among %s", kind, o.kinds())
	return scenario.Moment{}
}

// await waits until there are n moments of a kind.
func (o *observer) await(t *testing.T, kind record.MarkKind, n int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		found := 0
		for _, m := range o.moments() {
			if m.Kind == kind {
				found++
			}
		}
		if found >= n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no %d × %q among %s", n, kind, o.kinds())
		}
	}
}

func (o *observer) start(t *testing.T, s *action.Start) {
	t.Helper()
	if err := s.Run(t.Context(), &o.Env); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Undo(t.Context()) })
}

// shell starts a process a that prints "up" when it has set its traps.
func (o *observer) shell(t *testing.T, dir, line string) {
	t.Helper()
	o.start(t, &action.Start{
		Name: "a", Command: action.Command{Shell: line + "; echo up; while :; do sleep 0.01; done", Dir: dir},
		Ready: action.Probe{Line: "up", Every: time.Millisecond},
	})
}

func hook(dir, line string) *action.Exec {
	return &action.Exec{Command: action.Command{Shell: line, Dir: dir}}
}

// TestStopInOrder: the pre-stop command runs before the signal, and what it
// prints is kept.
func TestStopInOrder(t *testing.T) {
	o, dir := newObserver(t), t.TempDir()
	o.shell(t, dir, "trap 'echo signal >>order; exit 0' QUIT")
	stop := &action.Stop{Process: "a", PreStop: hook(dir, "echo out of the balancer; echo hook >>order"), Signal: "quit", Grace: time.Minute}
	if err := stop.Run(t.Context(), &o.Env); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "order")); string(text) != "hook\nsignal\n" {
		t.Errorf("in this order: %q", text)
	}
	if got := o.kinds(); got != "ready, terminating, signalled, exited" {
		t.Errorf("marks %s", got)
	}
	want := record.Shutdown{PreStop: "echo out of the balancer; echo hook >>order", Grace: time.Minute.Nanoseconds(), Signal: "SIGQUIT"}
	if how := o.of(t, record.MarkTerminating).Shutdown; how == nil || *how != want {
		t.Errorf("got %+v; want %+v", how, want)
	}
	if said := stop.Said(); !slices.Equal(said, []string{"out of the balancer"}) {
		t.Errorf("it said %q", said)
	}
}

// TestStopOfOneThatIgnores: that a process has to be killed is no error.
func TestStopOfOneThatIgnores(t *testing.T) {
	o := newObserver(t)
	o.shell(t, t.TempDir(), "trap '' TERM")
	stop := &action.Stop{Process: "a", Grace: 50 * time.Millisecond}
	if err := stop.Run(t.Context(), &o.Env); err != nil {
		t.Error(err)
	}
	if got := o.kinds(); got != "ready, terminating, signalled, killed, exited" {
		t.Errorf("marks %s", got)
	}
	if took := o.of(t, record.MarkKilled).At.Sub(o.of(t, record.MarkSignalled).At); took < 40*time.Millisecond {
		t.Errorf("killed %v after the signal; want the grace period", took)
	}
	if err := stop.Run(t.Context(), &o.Env); err != nil { // nothing is left to stop
		t.Error(err)
	}
	if got := o.kinds(); got != "ready, terminating, signalled, killed, exited" {
		t.Errorf("stopped twice: marks %s", got)
	}
}

// TestPreStopOverruns: a pre-stop command that takes the whole grace period is
// killed; the process then has two seconds.
func TestPreStopOverruns(t *testing.T) {
	o := newObserver(t)
	o.shell(t, t.TempDir(), "trap '' TERM")
	stop := &action.Stop{Process: "a", PreStop: hook("", "sleep 1000"), Grace: 50 * time.Millisecond}
	if err := stop.Run(t.Context(), &o.Env); err != nil {
		t.Error(err)
	}
	if got := o.kinds(); got != "ready, terminating, note, signalled, killed, exited" {
		t.Errorf("marks %s", got)
	}
	if note := o.of(t, record.MarkNote).Note; !strings.HasPrefix(note, "the pre-stop command of a: still running after 50ms: killed") {
		t.Errorf("note %q", note)
	}
	signalled := o.of(t, record.MarkSignalled).At
	if took := signalled.Sub(o.of(t, record.MarkTerminating).At); took < 50*time.Millisecond {
		t.Errorf("signalled %v after it was told to terminate; want the grace period", took)
	}
	if took := o.of(t, record.MarkKilled).At.Sub(signalled); took < 1900*time.Millisecond {
		t.Errorf("killed %v after the signal; want 2 s", took)
	}
}

// TestPreStopFails: the process is stopped all the same.
func TestPreStopFails(t *testing.T) {
	o := newObserver(t)
	o.shell(t, t.TempDir(), "trap 'exit 0' TERM")
	if err := (&action.Stop{Process: "a", PreStop: hook("", "echo denied; exit 3")}).Run(t.Context(), &o.Env); err != nil {
		t.Error(err)
	}
	if got := o.kinds(); got != "ready, terminating, note, signalled, exited" {
		t.Errorf("marks %s", got)
	}
	if note := o.of(t, record.MarkNote).Note; note != "the pre-stop command of a: exit status 3: denied" {
		t.Errorf("note %q", note)
	}
}

// TestPreStopEndsTheProcess: the pre-stop command ends with the process, and no
// signal is sent.
func TestPreStopEndsTheProcess(t *testing.T) {
	o, dir := newObserver(t), t.TempDir()
	o.start(t, &action.Start{
		Name: "a", Command: action.Command{Shell: "echo up; until test -e over; do sleep 0.01; done", Dir: dir},
		Ready: action.Probe{Line: "up", Every: time.Millisecond},
	})
	if err := (&action.Stop{Process: "a", PreStop: hook(dir, "echo >over; sleep 1000")}).Run(t.Context(), &o.Env); err != nil {
		t.Error(err)
	}
	if got := o.kinds(); got != "ready, terminating, exited" {
		t.Errorf("marks %s", got)
	}
}

// TestExitUnasked: the exit of a process that nobody stopped is marked, too.
func TestExitUnasked(t *testing.T) {
	for code, want := range map[int]string{0: "exited", 3: "crashed"} {
		o, dir := newObserver(t), t.TempDir()
		o.start(t, &action.Start{Name: "a", Command: action.Command{Shell: fmt.Sprintf("until test -e over; do sleep 0.01; done; exit %d", code), Dir: dir}})
		if err := os.WriteFile(filepath.Join(dir, "over"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		<-o.Processes.Find("a").Ended
		if got := o.kinds(); got != want {
			t.Errorf("exit code %d: marks %s; want %s", code, got, want)
		}
	}
}

// TestExecSaid: the last lines of an output are kept, and all of them are
// handed on.
func TestExecSaid(t *testing.T) {
	env := newEnv(t)
	var all []string
	env.Output = func(of string, lines iter.Seq[string]) {
		for line := range lines {
			all = append(all, of+": "+line)
		}
	}
	e := &action.Exec{Command: action.Command{Shell: "seq 30; printf 'a\\377b'", Title: "count"}}
	if err := e.Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if said := e.Said(); len(said) != 20 || said[0] != "12" || said[19] != "a\ufffdb" {
		t.Errorf("kept %q", said)
	}
	if len(all) != 31 || all[0] != "count: 1" || all[30] != "count: a\ufffdb" {
		t.Errorf("handed on %q", all)
	}
	e.UndoBy, all = &action.Exec{Command: action.Command{Shell: "echo back", Title: "undo"}}, nil
	if err := e.Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if err := e.Undo(t.Context()); err != nil || len(all) != 32 || all[31] != "undo: back" {
		t.Errorf("%v, handed on %q", err, all)
	}
	e.Shell = "true"
	if err := e.Run(t.Context(), env); err != nil || len(e.Said()) > 0 {
		t.Errorf("%v, kept %q of nothing", err, e.Said())
	}
}

// TestStopInterrupted: an interrupt in the grace period does not kill the
// process, because the load still waits for its requests. That is left to the
// clean-up, which makes no marks.
func TestStopInterrupted(t *testing.T) {
	o := newObserver(t)
	start := &action.Start{
		Name: "a", Command: action.Command{Shell: "trap '' TERM; echo up; while :; do sleep 0.01; done"},
		Ready: action.Probe{Line: "up", Every: time.Millisecond}, Grace: 50 * time.Millisecond,
	}
	o.start(t, start)
	p := o.Processes.Find("a")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- (&action.Stop{Process: "a", Grace: time.Hour}).Run(ctx, &o.Env) }()
	o.await(t, record.MarkSignalled, 1)
	cancel()
	if err := <-stopped; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if !p.Alive() || p.Gone() {
		t.Error("it was killed")
	}
	if err := start.Undo(t.Context()); err == nil || err.Error() != "a did not exit within 50ms and was killed" {
		t.Errorf("got %v", err)
	}
	if p.Alive() {
		t.Error("it is left")
	}
	if got := o.kinds(); got != "ready, terminating, signalled" {
		t.Errorf("marks %s", got)
	}
}
