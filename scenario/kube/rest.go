package kube

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"nodrop/scenario"
)

// AtRest waits until the objects that actions change have no rollout in
// progress: the restore after an earlier run may still be under way.
type AtRest struct{ actions []scenario.Action }

// Run waits for each rollout in progress. It skips objects that do not exist
// yet: an action creates them.
func (r *AtRest) Run(ctx context.Context, _ *scenario.Env) error {
	for _, action := range r.actions {
		a, rolls := action.(roller)
		if !rolls {
			continue
		}
		t := a.rolls()
		o, err := t.Access.Object(ctx, t.Object)
		if err != nil || !rollsOut(o) { // Preflight has reported what is wrong
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

// String says what the action waits for.
func (r *AtRest) String() string { return "wait for rollouts in progress" }

// Undo does nothing.
func (r *AtRest) Undo(context.Context) error { return nil }
