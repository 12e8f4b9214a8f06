package kube

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"nodrop/scenario"
)

// Patch patches one object. Undo puts back each value that is still as the patch
// left it.
type Patch struct {
	Access *Access
	Object Ref
	Patch  Patching
	What   string // for people; "" is "patch", and the names of its values

	change *change
}

func newPatch(s *Settings) scenario.Action {
	if err := s.Patch.Check(); err != nil {
		s.Fault("with", "with: %v", err)
	}
	return &Patch{Access: s.Access, Object: s.Object, Patch: s.Patch}
}

// newAnnotation is the patch that sets annotations; nil takes one away. It refuses
// what the API server would.
func newAnnotation(s *Settings) scenario.Action {
	annotations := s.Patch.Fields
	switch {
	case s.Patch.Operations != nil:
		s.Fault("with", "with: annotations are a mapping")
	case len(annotations) == 0:
		s.Fault("with", "with: it changes nothing")
	}
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		if _, isText := annotations[name].(string); !isText && annotations[name] != nil {
			s.Fault("with", "with: %s: %v is no text: quote it", name, annotations[name])
		}
	}
	patch := map[string]any{}
	set(patch, annotations, "metadata", "annotations")
	return &Patch{Access: s.Access, Object: s.Object, Patch: merging(patch)}
}

// Run applies it.
func (p *Patch) Run(ctx context.Context, _ *scenario.Env) error {
	o, err := p.Access.object(ctx, p.Object)
	if err != nil {
		return err
	}
	p.change = &change{object: o, patch: p.Patch}
	return p.change.do(ctx)
}

// Undo puts back what is still as it was left.
func (p *Patch) Undo(ctx context.Context) error {
	if p.change == nil {
		return nil
	}
	return p.change.undo(ctx)
}

// rolls is what is patched, as its pods may be.
func (p *Patch) rolls() Target { return Target{Access: p.Access, Object: p.Object} }

func (p *Patch) plan() []planned {
	what := p.What
	if what == "" {
		what = "patch " + p.Patch.names()
	}
	return []planned{{access: p.Access, object: p.Object, what: what + ", and back", needs: []need{{"get", ""}, {"patch", ""}}}}
}

// restartedAt is the annotation by which kubectl rollout restart restarts.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// Restart replaces all pods of a workload, as kubectl rollout restart does, and
// waits until that is done and the old ones are gone. It is not undone: that would be another restart.
type Restart struct {
	Access  *Access
	Object  Ref
	Pods    Pods          // that it has; the zero Pods are those that it says
	Timeout time.Duration // of the rollout, and of what follows; 0 is ten minutes each
}

func newRestart(s *Settings) scenario.Action {
	return &Restart{Access: s.Access, Object: s.Object, Pods: s.Pods, Timeout: s.Timeout}
}

// Run changes the pod template, and waits.
func (r *Restart) Run(ctx context.Context, _ *scenario.Env) error {
	o, err := r.Access.object(ctx, r.Object)
	if err != nil {
		return err
	}
	patch := map[string]any{}
	set(patch, time.Now().Format(time.RFC3339), "spec", "template", "metadata", "annotations", restartedAt)
	pods, err := r.Pods.of(ctx, o)
	if err != nil {
		return err
	}
	if _, err := o.patch(ctx, merging(patch), strictly); err != nil {
		return err
	}
	if err := awaitRollout(ctx, o, r.Timeout); err != nil {
		return err
	}
	return pods.awaitSettled(ctx, func(ctx context.Context) (int, error) {
		now, err := o.get(ctx) // an autoscaler may have set another number meanwhile
		return wanted(now), err
	}, r.Timeout)
}

// wanted is how many pods a workload is to have.
func wanted(workload map[string]any) int {
	if _, told := at(workload, "status", "desiredNumberScheduled"); told { // a DaemonSet
		return int(number(workload, "status", "desiredNumberScheduled"))
	}
	if _, told := at(workload, "spec", "replicas"); !told {
		return 1
	}
	return int(number(workload, "spec", "replicas"))
}

// Undo does nothing.
func (r *Restart) Undo(context.Context) error { return nil }

// rolls is what is restarted.
func (r *Restart) rolls() Target { return Target{Access: r.Access, Object: r.Object} }

// touches are the pods of that.
func (r *Restart) touches() Target {
	return Target{Access: r.Access, Object: r.Object, Pods: r.Pods}
}

func (r *Restart) plan() []planned {
	return []planned{{access: r.Access, object: r.Object, what: "restart: replace all of its pods", needs: []need{{"get", ""}, {"patch", ""}}, check: r.check}, listsPods(r.Pods, r.Access)}
}

// check finds what a restart would change, and not replace the pods of.
func (r *Restart) check(_ context.Context, o *object, now map[string]any) error {
	paused, _ := at(now, "spec", "paused")
	switch {
	case !rollsOut(o):
		return fmt.Errorf("%s: it has no rollout: a Deployment, a StatefulSet or a DaemonSet is restarted", o)
	case paused == true:
		return fmt.Errorf("%s: it is paused: nothing would be restarted", o)
	case text(now, "spec", "updateStrategy", "type") == "OnDelete":
		return fmt.Errorf("%s: its updateStrategy is OnDelete: nothing would be restarted", o)
	}
	return nil
}

// Delete deletes pods: one by its name, or some of those that a selector names.
// Whoever owns them makes new ones; nothing is put back.
type Delete struct {
	Access   *Access
	Pod      string        // or
	Selector string        // as kubectl takes it
	Count    int           // of the selected, the oldest; 0 is all
	Grace    *int64        // seconds; nil is the pod's own
	Timeout  time.Duration // until they are gone; 0 is ten minutes
}

func newDeletePod(s *Settings) scenario.Action {
	return &Delete{Access: s.Access, Pod: s.Word, Grace: s.Grace, Timeout: s.Timeout}
}

func newDelete(s *Settings) scenario.Action {
	return &Delete{Access: s.Access, Selector: s.Word, Count: s.Count, Grace: s.Grace, Timeout: s.Timeout}
}

// Run deletes them, and waits until the last is gone: what happens to them is the
// event.
func (d *Delete) Run(ctx context.Context, _ *scenario.Env) error {
	if strings.TrimSpace(d.Pod+d.Selector) == "" {
		return errors.New("delete: no pod and no selector: these would be all pods of the namespace")
	}
	cluster, err := d.Access.Open()
	if err != nil {
		return err
	}
	set := podSet{cluster: cluster, selector: d.Selector, name: d.Pod}
	pods, err := set.oldest(ctx, d.Count)
	if err != nil {
		return err
	}
	for i := range pods {
		if err := cluster.deletePod(ctx, &pods[i], d.Grace); err != nil {
			return err
		}
	}
	return set.awaitGone(ctx, pods, d.Timeout)
}

// Undo does nothing: pods are replaced by whoever owns them.
func (d *Delete) Undo(context.Context) error { return nil }

// touches are the pods that may be deleted.
func (d *Delete) touches() Target {
	if d.Selector != "" {
		return Target{Access: d.Access, Pods: Pods{Selector: d.Selector}}
	}
	return Target{Access: d.Access, Object: Ref{Kind: "pod", Name: d.Pod}}
}

func (d *Delete) plan() []planned {
	p := planned{access: d.Access, object: Ref{Kind: "pod", Name: d.Pod}, what: "delete", needs: []need{{"get", ""}, {"delete", ""}, {"list", ""}}}
	if d.Pod == "" {
		p.object, p.needs = Ref{Kind: "pod"}, p.needs[1:]
		p.what = fmt.Sprintf("delete those of %s", d.Selector)
		if d.Count > 0 {
			p.what = fmt.Sprintf("delete %d of %s", d.Count, d.Selector)
		}
	}
	return []planned{p}
}
