package kube

import (
	"context"
	"slices"
	"time"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// Amended returns a variant that also runs actions in its setup: after what it
// sets up itself, and before it watches pods. Prepare has been called for it.
// The actions may bring the pods that its steps take away: Preflight does not
// require that these exist before.
func Amended(v scenario.Variant, actions ...scenario.Action) scenario.Variant {
	var setup []scenario.Action
	for _, a := range v.Setup {
		switch a.(type) {
		case *Preflight, *AtRest: // they know nothing of the actions
		default:
			setup = append(setup, a)
		}
	}
	at := slices.IndexFunc(setup, func(a scenario.Action) bool { _, watches := a.(watcher); return watches })
	if at < 0 {
		at = len(setup)
	}
	v.Setup = slices.Insert(setup, at, actions...)
	v.Timeline = accompanied(v.Timeline)
	list := []scenario.Variant{v}
	Prepare(list)
	return list[0]
}

// accompanied returns steps that are not alone in changing pods.
func accompanied(steps []scenario.Step) []scenario.Step {
	steps = slices.Clone(steps)
	for i := range steps {
		switch a := steps[i].Action.(type) {
		case *Delete:
			other := *a
			other.Alone = false
			steps[i].Action = &other
		case *Drain:
			other := *a
			other.Alone = false
			steps[i].Action = &other
		}
	}
	return steps
}

// Touched lists the pods that the steps of a variant remove or replace.
func Touched(v *scenario.Variant) []Target {
	var list []Target
	for _, step := range v.Timeline {
		if a, ok := step.Action.(toucher); ok {
			if t := a.touches(); !slices.Contains(list, t) {
				list = append(list, t)
			}
		}
	}
	return list
}

// Resolve returns the pods of a target.
func (t *Target) Resolve(ctx context.Context) ([]api.PodSet, error) { return t.pods(ctx) }

// Replaced waits until a workload's rollout is complete and the pods from before
// it are gone.
type Replaced struct {
	Access  *api.Access
	Object  api.Ref
	Pods    api.Pods
	Timeout time.Duration // of the rollout, and then of the old pods; 0 means ten minutes each
}

// Run waits.
func (r *Replaced) Run(ctx context.Context, _ *scenario.Env) error {
	o, err := r.Access.Object(ctx, r.Object)
	if err != nil {
		return err
	}
	pods, err := r.Pods.Of(ctx, o)
	if err != nil {
		return err
	}
	return awaitReplaced(ctx, o, pods, r.Timeout)
}

func awaitReplaced(ctx context.Context, o *api.Object, pods api.PodSet, limit time.Duration) error {
	if err := awaitRollout(ctx, o, limit); err != nil {
		return err
	}
	return pods.AwaitSettled(ctx, func(ctx context.Context) (int, error) {
		now, err := o.Get(ctx) // an autoscaler may have changed the number meanwhile
		return wanted(now), err
	}, limit)
}

// Undo does nothing.
func (r *Replaced) Undo(context.Context) error { return nil }

func (r *Replaced) plan() []planned {
	return []planned{{access: r.Access, object: r.Object, needs: []need{{"get", ""}}}, listsPods(r.Pods, r.Access)}
}

func (r *Replaced) String() string { return "wait for the new pods of " + r.Object.String() }
