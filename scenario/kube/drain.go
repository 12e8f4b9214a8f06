package kube

import (
	"context"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// Drain cordons a node and evicts its pods, as kubectl drain does, of all
// namespaces. Undo uncordons it, unless it was cordoned before; the pods stay
// where they have moved.
type Drain struct {
	Access  *api.Access // whose namespace has the pods that the load goes to
	Node    string
	Grace   *int64        // seconds; nil means each pod's own grace period
	Timeout time.Duration // until all are evicted, and then until they are gone; 0 means ten minutes each
	Alone   bool          // see Delete

	change *change
}

func newDrain(s *Settings) scenario.Action {
	if s.Part == "restore" {
		s.Fault("", "drain-node: not in restore: nothing would uncordon the node")
	}
	return &Drain{Access: s.Access, Node: s.Word, Grace: s.Grace, Timeout: s.Timeout}
}

// Run drains the node and waits until the last pod is gone: their whole shutdown
// belongs to the event.
func (d *Drain) Run(ctx context.Context, env *scenario.Env) error {
	d.change = nil
	node, err := d.Access.Object(ctx, d.ref())
	if err != nil {
		return err
	}
	set := api.PodSet{Cluster: node.Cluster, Node: d.Node}
	if _, err := set.Evictable(ctx); err != nil {
		return err
	}
	d.change = &change{object: node, hand: "kubectl uncordon " + d.Node, patch: api.Merging(map[string]any{"spec": map[string]any{"unschedulable": true}})}
	if err := d.change.do(ctx); err != nil {
		return err
	}
	pods, err := set.Evictable(ctx) // from now on no pod comes
	if err != nil {
		return err
	}
	if err := set.Evict(ctx, pods, d.Grace, d.Timeout, noteOf(env)); err != nil {
		return err
	}
	return set.AwaitGone(ctx, pods, d.Timeout)
}

// moved returns the sets of pods whose lifecycle a drain changes, in the
// namespace of the load's pods.
func moved(ctx context.Context, set api.PodSet) ([]api.PodSet, error) {
	pods, err := set.Evictable(ctx)
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(pods, func(p unstructured.Unstructured) bool { return p.GetNamespace() != set.Cluster.Namespace })
	return set.Cluster.Kin(own), nil
}

// Removes says that it evicts.
func (d *Drain) Removes() string { return record.RemovesByEviction }

func (d *Drain) ref() api.Ref { return api.Ref{Kind: "node", Name: d.Node} }

// Undo uncordons the node, if Run has cordoned it. A node that is gone, which an
// autoscaler may do with an empty one, needs nothing.
func (d *Drain) Undo(ctx context.Context) error {
	if d.change == nil {
		return nil
	}
	if err := d.change.undo(ctx); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	return nil
}

func (d *Drain) touches() Target { return Target{Access: d.Access, Object: d.ref()} }

func (d *Drain) plan() []planned {
	return []planned{
		{access: d.Access, object: d.ref(), everywhere: true, what: "cordon it, evict its pods of all namespaces, as PodDisruptionBudgets allow, then uncordon it; data in emptyDir volumes is lost", needs: []need{{"get", ""}, {"patch", ""}}},
		{access: d.Access, object: api.Ref{Kind: "pods"}, everywhere: true, needs: []need{{"list", ""}, {"create", "eviction"}}, check: d.check},
	}
}

// check finds pods that cannot be evicted.
func (d *Drain) check(ctx context.Context, _ *api.Object, _ map[string]any) error {
	if !d.Alone {
		return nil
	}
	cluster, err := d.Access.Open()
	if err != nil {
		return err
	}
	set := api.PodSet{Cluster: cluster, Node: d.Node}
	pods, err := set.Evictable(ctx)
	if err != nil {
		return err
	}
	return set.CheckBudgets(ctx, pods)
}

func (d *Drain) String() string { return "drain node " + d.Node }

// Undoes says that the node is uncordoned.
func (d *Drain) Undoes(acted bool) (what string, ends bool) {
	return d.change.undoes(acted, "uncordon node "+d.Node), false
}
