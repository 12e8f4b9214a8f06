package scenario

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// undoable is an action whose Undo has a long text.
type undoable struct{ text string }

func (u *undoable) Run(context.Context, *Env) error { return nil }
func (u *undoable) Undo(context.Context) error      { return nil }
func (u *undoable) String() string                  { return u.text }
func (u *undoable) Undoes(bool) (string, bool)      { return u.text, false }

// TestLedger: on exit, what could not be restored is listed in full, but not as
// still being restored.
func TestLedger(t *testing.T) {
	long := "patch " + strings.Repeat("x", 2*maxText)
	var l ledger
	failed, done := l.toUndo("first", &undoable{long}), l.toUndo("", &undoable{"second"})
	l.done(failed, false)
	if diff := cmp.Diff([]string{"second", "first (" + long + ")"}, l.left()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"second"}, l.underWay()); diff != "" {
		t.Error(diff)
	}
	l.done(done, true)
	if diff := cmp.Diff([]string{"first (" + long + ")"}, l.left()); diff != "" {
		t.Error(diff)
	}
}

// TestLogIsMasked: commands repeat their input, so logs are masked.
func TestLogIsMasked(t *testing.T) {
	var got []string
	log := Log(func(of string, lines []string) { got = append([]string{of}, lines...) })
	hide := func(text string) string { return strings.ReplaceAll(text, "secret", "***") }
	log.of(Attempt{Variant: &Variant{Name: "v"}}, hide).add("echo secret", []string{"line 1 secret", "line 2"})
	if diff := cmp.Diff([]string{"v: echo ***", "line 1 ***", "line 2"}, got); diff != "" {
		t.Error(diff)
	}
}
