package kube

import (
	"context"
	"errors"
	"fmt"
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

// Annotate is the patch that sets annotations; nil takes one away.
func Annotate(a *Access, object Ref, annotations map[string]any) *Patch {
	patch := map[string]any{}
	set(patch, annotations, "metadata", "annotations")
	return &Patch{Access: a, Object: object, Patch: merging(patch)}
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
	after, err := o.patch(ctx, merging(patch))
	if err != nil {
		return err
	}
	if err := awaitRollout(ctx, o, r.Timeout); err != nil {
		return err
	}
	return pods.awaitSettled(ctx, wanted(after), r.Timeout)
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

func (r *Restart) plan() []planned {
	return []planned{{access: r.Access, object: r.Object, what: "restart: replace all of its pods", needs: []need{{"get", ""}, {"patch", ""}}}}
}

// Delete deletes pods: one by its name, or some of those that a selector names.
// Whoever owns them makes new ones; nothing is put back.
type Delete struct {
	Access   *Access
	Pod      string // or
	Selector string // as kubectl takes it
	Count    int    // of the selected, the oldest; 0 is all
	Grace    *int64 // seconds; nil is the pod's own
}

// Run deletes them, and does not wait for their end.
func (d *Delete) Run(ctx context.Context, _ *scenario.Env) error {
	if strings.TrimSpace(d.Pod+d.Selector) == "" {
		return errors.New("delete: no pod and no selector: these would be all pods of the namespace")
	}
	names := []string{d.Pod}
	cluster, err := d.Access.Open()
	if err != nil {
		return err
	}
	if d.Pod == "" {
		if names, err = cluster.podNames(ctx, d.Selector, d.Count); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := cluster.deletePod(ctx, name, d.Grace); err != nil {
			return err
		}
	}
	return nil
}

// Undo does nothing: pods are replaced by whoever owns them.
func (d *Delete) Undo(context.Context) error { return nil }

func (d *Delete) plan() []planned {
	p := planned{access: d.Access, object: Ref{"pod", d.Pod}, what: "delete", needs: []need{{"delete", ""}}}
	if d.Pod == "" {
		p.object, p.needs = Ref{"pod", ""}, append(p.needs, need{"list", ""})
		p.what = fmt.Sprintf("delete those of %s", d.Selector)
		if d.Count > 0 {
			p.what = fmt.Sprintf("delete %d of %s", d.Count, d.Selector)
		}
	}
	return []planned{p}
}
