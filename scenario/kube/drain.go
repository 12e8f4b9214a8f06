package kube

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/loadgen/misuse"
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
	if _, err := evictable(ctx, set); err != nil {
		return err
	}
	d.change = &change{object: node, hand: "kubectl uncordon " + d.Node, patch: api.Merging(map[string]any{"spec": map[string]any{"unschedulable": true}})}
	if err := d.change.do(ctx); err != nil {
		return err
	}
	pods, err := evictable(ctx, set) // from now on no pod comes
	if err != nil {
		return err
	}
	if err := set.Evict(ctx, pods, d.Grace, d.Timeout, noteOf(env)); err != nil {
		return err
	}
	return set.AwaitGone(ctx, pods, d.Timeout)
}

// evictable returns the pods of a node that a drain evicts. It refuses pods that
// nobody would replace, and a node whose drain the load would not notice.
func evictable(ctx context.Context, set api.PodSet) ([]unstructured.Unstructured, error) {
	all, err := set.Staying(ctx)
	if err != nil {
		return nil, err
	}
	pods := slices.DeleteFunc(all, func(p unstructured.Unstructured) bool { return stays(&p) })
	own := 0
	for i := range pods {
		if metav1.GetControllerOf(&pods[i]) == nil {
			return nil, fmt.Errorf("%s: node %s: pod %s in namespace %s has no owner that would replace it: delete it first", set.Cluster, set.Node, pods[i].GetName(), pods[i].GetNamespace())
		}
		if pods[i].GetNamespace() == set.Cluster.Namespace {
			own++
		}
	}
	if own == 0 {
		return nil, &misuse.Error{
			Problem: fmt.Sprintf("%s: node %s: no pod in namespace %s that a drain would evict", set.Cluster, set.Node, set.Cluster.Namespace),
			Hint:    "the namespace must be that of the pods that the load goes to; after a drain they stay where they are until something restarts them",
		}
	}
	return pods, nil
}

// moved returns the sets of pods whose lifecycle a drain changes, in the
// namespace of the load's pods.
func moved(ctx context.Context, set api.PodSet) ([]api.PodSet, error) {
	pods, err := evictable(ctx, set)
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(pods, func(p unstructured.Unstructured) bool { return p.GetNamespace() != set.Cluster.Namespace })
	return set.Cluster.Kin(own), nil
}

// stays reports a pod that a drain leaves alone: one of a DaemonSet, which would
// return at once, or one that its kubelet made from a file.
func stays(pod *unstructured.Unstructured) bool {
	owner := metav1.GetControllerOf(pod)
	_, mirror := pod.GetAnnotations()["kubernetes.io/config.mirror"]
	return mirror || owner != nil && owner.Kind == "DaemonSet"
}

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
	pods, err := evictable(ctx, set)
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
