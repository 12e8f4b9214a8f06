package kube

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

func podsResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "pods"}
}

func slicesResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}
}

func (c *Cluster) pods() dynamic.ResourceInterface {
	return c.dynamic.Resource(podsResource()).Namespace(c.Namespace)
}

// listPods lists pods by a selector, the oldest first, those on their way out
// left out.
func (c *Cluster) listPods(ctx context.Context, selector string) ([]unstructured.Unstructured, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	list, err := c.pods().List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, c.explain("pods of "+selector, err)
	}
	items := slices.DeleteFunc(list.Items, func(p unstructured.Unstructured) bool { return p.GetDeletionTimestamp() != nil })
	slices.SortStableFunc(items, func(a, b unstructured.Unstructured) int {
		return cmp.Or(a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time), cmp.Compare(a.GetName(), b.GetName()))
	})
	return items, nil
}

// podNames are the oldest n of the selected pods; 0 is all.
func (c *Cluster) podNames(ctx context.Context, selector string, n int) ([]string, error) {
	pods, err := c.listPods(ctx, selector)
	if err != nil {
		return nil, err
	}
	if len(pods) == 0 || len(pods) < n {
		return nil, fmt.Errorf("%s: pods of %s in namespace %s: %d, fewer than are to be deleted", c, selector, c.Namespace, len(pods))
	}
	var names []string
	for i := range pods {
		if n == 0 || i < n {
			names = append(names, pods[i].GetName())
		}
	}
	return names, nil
}

func (c *Cluster) deletePod(ctx context.Context, name string, grace *int64) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	if err := c.pods().Delete(ctx, name, metav1.DeleteOptions{GracePeriodSeconds: grace}); err != nil {
		return c.explain("pod "+name, err)
	}
	return nil
}

// Pods are some of one namespace.
type Pods struct {
	Access   *Access // nil is that of the object they belong to
	Selector string  // as kubectl takes it; "" is not known
}

// podSet is Pods that were found.
type podSet struct {
	cluster  *Cluster
	selector string // or
	name     string // of the only one
}

// options are those of a list or a watch of them.
func (p podSet) options() metav1.ListOptions {
	if p.name != "" {
		return metav1.ListOptions{FieldSelector: "metadata.name=" + p.name}
	}
	return metav1.ListOptions{LabelSelector: p.selector}
}

// of finds the pods of an object where nothing names them: by its scale
// subresource, or its own selector.
func (p Pods) of(ctx context.Context, o *object) (podSet, error) {
	set := podSet{cluster: o.cluster, selector: p.Selector}
	if p.Access != nil {
		var err error
		if set.cluster, err = p.Access.Open(); err != nil {
			return set, err
		}
	}
	if set.selector != "" {
		return set, nil
	}
	if o.resource.scales {
		scale, err := o.get(ctx, "scale")
		if err != nil {
			return set, err
		}
		set.selector = text(scale, "status", "selector")
	}
	if set.selector == "" {
		now, err := o.get(ctx)
		if err != nil {
			return set, err
		}
		labels, _, _ := unstructured.NestedStringMap(now, "spec", "selector", "matchLabels")
		set.selector = metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: labels})
		if len(labels) == 0 {
			return set, fmt.Errorf("%s: it does not say which pods it has: name them by a selector", o)
		}
	}
	return set, nil
}

// awaitSettled waits until there are so many pods, all of them ready, and none
// is on its way out.
func (p podSet) awaitSettled(ctx context.Context, want int, limit time.Duration) error {
	return until(ctx, fmt.Sprintf("pods of %s: not settled", p.selector), limit, func(ctx context.Context) (bool, string, error) {
		return p.settled(ctx, want)
	})
}

func (p podSet) settled(ctx context.Context, want int) (bool, string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	list, err := p.cluster.pods().List(ctx, p.options())
	if err != nil {
		return false, "", p.cluster.explain("pods of "+p.selector, err)
	}
	ready, leaving := 0, 0
	for i := range list.Items {
		switch pod := &list.Items[i]; {
		case pod.GetDeletionTimestamp() != nil:
			leaving++
		case condition(pod.Object, "Ready"):
			ready++
		}
	}
	why := fmt.Sprintf("%d are ready, %d are leaving, %d are wanted", ready, leaving, want)
	return ready == want && leaving == 0 && len(list.Items) == want, why, nil
}

// condition reports that one of an object's conditions is True.
func condition(o map[string]any, kind string) bool {
	return text(conditionOf(o, kind), "status") == "True"
}

// conditionOf is one of an object's conditions; nil where it has none of the kind.
func conditionOf(o map[string]any, kind string) map[string]any {
	for _, c := range items(o, "status", "conditions") {
		if text(c, "type") == kind {
			return c
		}
	}
	return nil
}
