package scenario

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/scenario/proc"
)

// replicas is a step that sets a number. A later one takes over what the
// earlier one would restore.
type replicas struct {
	before *replicas
	back   string
	undo   func()
}

func (r *replicas) String() string { return "set the replicas" }

func (r *replicas) Run(context.Context, *Env) error {
	r.back = "set it to 3"
	if r.before != nil {
		r.before.back = ""
	}
	return nil
}

func (r *replicas) Undo(context.Context) error {
	r.undo()
	r.back = ""
	return nil
}

func (r *replicas) Undoes(bool) (what string, ends bool) { return r.back, false }

// TestAdoptedIsNotLeft: what a later step has taken over is not listed, or said
// to be restored, for the earlier step.
func TestAdoptedIsNotLeft(t *testing.T) {
	var said []string
	interrupts := NewInterrupts(func(line string) { said = append(said, line) }, nil)
	c := &changes{processes: &proc.Group{}, interrupts: interrupts}
	var left [][]string
	note := func() { left = append(left, interrupts.ledger.left()) }
	first := &replicas{undo: note}
	second := &replicas{undo: note, before: first}
	ctx, cancel := context.WithCancel(t.Context())
	for _, err := range []error{c.do(ctx, "in", first, &Env{}), c.do(ctx, "further in", second, &Env{})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := c.restore(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"further in (set it to 3)"}, nil}, left); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"restoring: further in (set it to 3), for at most 10m"}, said); diff != "" {
		t.Error(diff)
	}
}
