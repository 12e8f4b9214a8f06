package kube

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"nodrop/scenario"
)

// AtRest waits until what actions touch is at rest: what a run before has put back may
// not have come about yet.
type AtRest struct{ actions []scenario.Action }

// Run waits for each rollout that is under way. What is not there yet is not waited
// for: an action makes it.
func (r *AtRest) Run(ctx context.Context, _ *scenario.Env) error {
	for _, action := range r.actions {
		a, rolls := action.(roller)
		if !rolls {
			continue
		}
		t := a.rolls()
		o, err := t.Access.Object(ctx, t.Object)
		if err != nil || !rollsOut(o) { // Preflight has told what is wrong
			continue
		}
		if _, err := o.Get(ctx); apierrors.IsNotFound(err) {
			continue
		}
		if err := awaitRollout(ctx, o, 0); err != nil {
			return err
		}
	}
	return nil
}

// String says what is waited for.
func (r *AtRest) String() string { return "wait until what it changes is at rest" }

// Undo does nothing.
func (r *AtRest) Undo(context.Context) error { return nil }
