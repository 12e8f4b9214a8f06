package kube

import (
	"context"
	"fmt"
	"time"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// restartedAt is the annotation that kubectl rollout restart sets.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// Restart replaces all pods of a workload, as kubectl rollout restart does, and
// waits until the old ones are gone. Undo does nothing: that would be another
// restart.
type Restart struct {
	Access  *api.Access
	Object  api.Ref
	Pods    api.Pods      // pods of the object; zero means those of its own selector
	Timeout time.Duration // of the rollout, and then of the old pods; 0 means ten minutes each
}

func newRestart(s *Settings) scenario.Action {
	return &Restart{Access: s.Access, Object: s.Object, Pods: s.Pods, Timeout: s.Timeout}
}

// Run changes the pod template and waits.
func (r *Restart) Run(ctx context.Context, _ *scenario.Env) error {
	o, err := r.Access.Object(ctx, r.Object)
	if err != nil {
		return err
	}
	patch := map[string]any{}
	api.Set(patch, time.Now().Format(time.RFC3339), "spec", "template", "metadata", "annotations", restartedAt)
	pods, err := r.Pods.Of(ctx, o)
	if err != nil {
		return err
	}
	if _, err := o.Patch(ctx, api.Merging(patch), api.Strictly); err != nil {
		return err
	}
	return awaitReplaced(ctx, o, pods, r.Timeout)
}

// wanted returns how many pods a workload should have.
func wanted(workload map[string]any) int {
	if _, told := api.At(workload, "status", "desiredNumberScheduled"); told { // a DaemonSet
		return int(api.Number(workload, "status", "desiredNumberScheduled"))
	}
	if _, told := api.At(workload, "spec", "replicas"); !told {
		return 1
	}
	return int(api.Number(workload, "spec", "replicas"))
}

// Undo does nothing.
func (r *Restart) Undo(context.Context) error { return nil }

func (r *Restart) rolls() Target { return Target{Access: r.Access, Object: r.Object} }

func (r *Restart) touches() Target {
	return Target{Access: r.Access, Object: r.Object, Pods: r.Pods}
}

func (r *Restart) plan() []planned {
	return []planned{{access: r.Access, object: r.Object, what: "restart: replace all its pods", needs: []need{{"get", ""}, {"patch", ""}}, check: r.check}, listsPods(r.Pods, r.Access)}
}

// check refuses a workload whose pods a restart would not replace.
func (r *Restart) check(_ context.Context, o *api.Object, now map[string]any) error {
	paused, _ := api.At(now, "spec", "paused")
	switch {
	case !rollsOut(o):
		return fmt.Errorf("%s: has no rollout: want a Deployment, StatefulSet or DaemonSet", o)
	case paused == true:
		return fmt.Errorf("%s: it is paused: a restart would have no effect", o)
	case api.Text(now, "spec", "updateStrategy", "type") == "OnDelete":
		return fmt.Errorf("%s: its updateStrategy is OnDelete: a restart would have no effect", o)
	}
	return nil
}

func (r *Restart) String() string { return fmt.Sprintf("restart %s", r.Object) }
