package scenario

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// kept is a change that takes time. It notes what an exit would leave behind
// while it is made, and while it is undone.
type kept struct {
	note  func()
	fails error
}

func (k *kept) Run(context.Context, *Env) error {
	k.note()
	return k.fails
}

func (k *kept) Undo(context.Context) error {
	k.note()
	return nil
}

func (k *kept) String() string                       { return "set the drain timeout" }
func (k *kept) Undoes(bool) (what string, ends bool) { return "remove the drain timeout", false }

// TestKeep: a change that is to stay is listed until it is made or, if it fails,
// undone.
func TestKeep(t *testing.T) {
	listed := []string{"remove the drain timeout"}
	for name, tt := range map[string]struct {
		fails error
		left  [][]string // while it is made, while it is undone, and then
	}{
		"it is made": {nil, [][]string{listed, nil}},
		"it fails":   {errors.New("refused"), [][]string{listed, listed, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			i := NewInterrupts(func(string) {}, nil)
			var left [][]string
			note := func() { left = append(left, i.ledger.left()) }
			if err := i.Keep(t.Context(), &kept{note, tt.fails}); !errors.Is(err, tt.fails) {
				t.Errorf("got %v; want %v", err, tt.fails)
			}
			note()
			if diff := cmp.Diff(tt.left, left); diff != "" {
				t.Error(diff)
			}
		})
	}
}
