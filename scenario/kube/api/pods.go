package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// PodsResource returns the resource of pods.
func PodsResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "pods"}
}

// NodesResource returns the resource of nodes.
func NodesResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
}

func slicesResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}
}

// Pods returns a client for the pods of the namespace.
func (c *Cluster) Pods() dynamic.ResourceInterface {
	return c.dynamic.Resource(PodsResource()).Namespace(c.Namespace)
}

// Slices returns a client for the EndpointSlices of the namespace.
func (c *Cluster) Slices() dynamic.ResourceInterface {
	return c.dynamic.Resource(slicesResource()).Namespace(c.Namespace)
}

func (p PodSet) list(ctx context.Context) ([]unstructured.Unstructured, error) {
	ctx, cancel := context.WithTimeout(ctx, RequestTime)
	defer cancel()
	from := p.Cluster.Pods()
	if p.Node != "" {
		from = p.Cluster.dynamic.Resource(PodsResource())
	}
	list, err := from.List(ctx, p.Options())
	if err != nil {
		return nil, p.Cluster.Explain(p.String(), err)
	}
	return list.Items, nil
}

// over reports a pod that has ended but still exists: one that was evicted, or
// whose job is complete.
func over(pod *unstructured.Unstructured) bool {
	phase := Text(pod.Object, "status", "phase")
	return phase == "Failed" || phase == "Succeeded"
}

// Staying lists the pods that are neither terminating nor over, oldest first.
func (p PodSet) Staying(ctx context.Context) ([]unstructured.Unstructured, error) {
	all, err := p.list(ctx)
	if err != nil {
		return nil, err
	}
	items := slices.DeleteFunc(all, func(p unstructured.Unstructured) bool { return p.GetDeletionTimestamp() != nil || over(&p) })
	slices.SortStableFunc(items, func(a, b unstructured.Unstructured) int {
		return cmp.Or(a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time), cmp.Compare(a.GetName(), b.GetName()))
	})
	return items, nil
}

// Oldest returns the n oldest pods; 0 means all.
func (p PodSet) Oldest(ctx context.Context, n int) ([]unstructured.Unstructured, error) {
	pods, err := p.Staying(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(pods) == 0:
		return nil, fmt.Errorf("%s: no %s in namespace %s", p.Cluster, p, p.Cluster.Namespace)
	case len(pods) < n:
		return nil, fmt.Errorf("%s: only %d %s in namespace %s, not %d", p.Cluster, len(pods), p, p.Cluster.Namespace, n)
	case n == 0:
		return pods, nil
	}
	return pods[:n], nil
}

// Delete deletes pods of the set. A nil grace keeps each pod's own grace period.
func (p PodSet) Delete(ctx context.Context, pods []unstructured.Unstructured, grace *int64) error {
	for i := range pods {
		if err := p.Cluster.deletePod(ctx, &pods[i], grace); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) deletePod(ctx context.Context, pod *unstructured.Unstructured, grace *int64) error {
	ctx, cancel := context.WithTimeout(ctx, RequestTime)
	defer cancel()
	uid := pod.GetUID() // a new pod may get the same name
	options := metav1.DeleteOptions{GracePeriodSeconds: grace, Preconditions: &metav1.Preconditions{UID: &uid}}
	if err := c.Pods().Delete(ctx, pod.GetName(), options); err != nil {
		return c.Explain("pod "+pod.GetName(), err)
	}
	return nil
}

// AwaitGone waits until none of the given pods exists.
func (p PodSet) AwaitGone(ctx context.Context, pods []unstructured.Unstructured, limit time.Duration) error {
	gone := map[types.UID]bool{}
	for i := range pods {
		gone[pods[i].GetUID()] = true
	}
	return Until(ctx, p.String()+": not gone", limit, func(ctx context.Context) (bool, string, error) {
		all, err := p.list(ctx)
		left := 0
		for i := range all {
			if gone[all[i].GetUID()] {
				left++
			}
		}
		return left == 0, fmt.Sprintf("%d still exist", left), err
	})
}

// Pods selects pods in one namespace.
type Pods struct {
	Access   *Access // nil means that of the object they belong to
	Selector string  // as kubectl takes it; "" means unknown
}

// PodSet is a resolved Pods: by selector, by name or by node.
type PodSet struct {
	Cluster  *Cluster
	Selector string // or
	Name     string // of a single pod; or
	Node     string // of the pods of all namespaces that run on it
}

// String names the pods in messages.
func (p PodSet) String() string {
	if p.Node != "" {
		return "pods on node " + p.Node
	}
	return "pods of " + cmp.Or(p.Selector, p.Name)
}

// Options returns the options to list or watch the pods.
func (p PodSet) Options() metav1.ListOptions {
	switch {
	case p.Name != "":
		return metav1.ListOptions{FieldSelector: "metadata.name=" + p.Name}
	case p.Node != "":
		return metav1.ListOptions{FieldSelector: "spec.nodeName=" + p.Node}
	}
	return metav1.ListOptions{LabelSelector: p.Selector}
}

// Of resolves the pods of an object. Without an explicit selector, it uses the
// object's own selector or its scale subresource.
func (p Pods) Of(ctx context.Context, o *Object) (PodSet, error) {
	set := PodSet{Cluster: o.Cluster, Selector: p.Selector}
	if p.Access != nil {
		var err error
		if set.Cluster, err = p.Access.Open(); err != nil {
			return set, err
		}
	}
	if set.Selector != "" {
		return set, nil
	}
	now, err := o.Get(ctx)
	if err != nil {
		return set, err
	}
	if set.Selector, err = selectorOf(now); err != nil {
		return set, fmt.Errorf("%s: %w", o, err)
	}
	if set.Selector == "" && o.Resource.Scales {
		scale, err := o.Get(ctx, "scale")
		if err != nil {
			return set, err
		}
		set.Selector = Text(scale, "status", "selector")
	}
	if set.Selector == "" {
		return set, NoPods(o)
	}
	return set, nil
}

// NoPods is the error for an object whose pods cannot be determined.
func NoPods(o *Object) error {
	return fmt.Errorf("%s: cannot tell which pods belong to it: set pods.selector", o)
}

// selectorOf returns a workload's own label selector; "" if it has none of the
// usual form.
func selectorOf(workload map[string]any) (string, error) {
	found, _ := At(workload, "spec", "selector")
	fields, _ := found.(map[string]any)
	if fields["matchLabels"] == nil && fields["matchExpressions"] == nil {
		return "", nil
	}
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &selector); err != nil {
		return "", err
	}
	return metav1.FormatLabelSelector(&selector), nil
}

// Exactly returns a fixed number of pods.
func Exactly(n int) func(context.Context) (int, error) {
	return func(context.Context) (int, error) { return n, nil }
}

// AwaitSettled waits until the wanted number of pods is ready and no other pod
// is starting or terminating. Pods that are over do not count.
func (p PodSet) AwaitSettled(ctx context.Context, wanted func(context.Context) (int, error), limit time.Duration) error {
	return Until(ctx, p.String()+": not settled", limit, func(ctx context.Context) (bool, string, error) {
		want, err := wanted(ctx)
		if err != nil {
			return false, "", err
		}
		return p.settled(ctx, want)
	})
}

func (p PodSet) settled(ctx context.Context, want int) (bool, string, error) {
	all, err := p.list(ctx)
	if err != nil {
		return false, "", err
	}
	ready, leaving, others := 0, 0, 0
	for i := range all {
		switch pod := &all[i]; {
		case pod.GetDeletionTimestamp() != nil:
			leaving++
		case HasCondition(pod.Object, "Ready"):
			ready++
		case !over(pod):
			others++
		}
	}
	why := fmt.Sprintf("%d ready, %d not ready, %d terminating; want %d ready and no others", ready, others, leaving, want)
	return ready == want && leaving == 0 && others == 0, why, nil
}

// Or returns the access of the pods, or a if they have none.
func (p Pods) Or(a *Access) *Access {
	if p.Access != nil {
		return p.Access
	}
	return a
}
