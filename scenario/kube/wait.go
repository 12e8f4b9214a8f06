package kube

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"nodrop/scenario"
)

// Wait waits for one thing; exactly one of Rollout, Condition, Gone and Endpoints
// is asked for.
type Wait struct {
	Access    *Access
	Object    Ref
	Rollout   bool   // as kubectl rollout status judges it
	Condition string // of this type, to be True
	Gone      string // until there is no pod of this selector
	Endpoints int    // > 0: until a Service (Object) has so many ready endpoints and none that is leaving
	Timeout   time.Duration
}

// Run waits.
func (w *Wait) Run(ctx context.Context, _ *scenario.Env) error {
	c, err := w.Access.Open()
	if err != nil {
		return err
	}
	if w.Gone != "" {
		return podSet{cluster: c, selector: w.Gone}.awaitSettled(ctx, 0, w.Timeout)
	}
	o, err := c.object(ctx, w.Object)
	if err != nil {
		return err
	}
	switch {
	case w.Rollout:
		return awaitRollout(ctx, o, w.Timeout)
	case w.Condition != "":
		return o.await(ctx, "condition "+w.Condition, w.Timeout, func(now map[string]any) (bool, string) {
			return condition(now, w.Condition), "it is not True"
		})
	}
	return o.await(ctx, "endpoints", w.Timeout, func(map[string]any) (bool, string) { return w.settled(ctx, c) })
}

// Undo does nothing.
func (w *Wait) Undo(context.Context) error { return nil }

func (w *Wait) plan() []planned {
	p := planned{access: w.Access, object: w.Object, needs: []need{{"get", ""}}}
	switch {
	case w.Gone != "":
		p.object, p.needs = Ref{"pods", ""}, []need{{"list", ""}}
	case w.Endpoints > 0:
		return []planned{p, {access: w.Access, object: Ref{"endpointslices.discovery.k8s.io", ""}, needs: []need{{"list", ""}}}}
	}
	return []planned{p}
}

// settled looks at the slices of a Service.
func (w *Wait) settled(ctx context.Context, c *Cluster) (bool, string) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	list, err := c.dynamic.Resource(slicesResource()).Namespace(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + w.Object.Name})
	if err != nil {
		return false, c.explain("endpointslices", err).Error()
	}
	ready, others := 0, 0
	for i := range list.Items {
		for _, endpoint := range items(list.Items[i].Object, "endpoints") {
			if stateOf(endpoint) == routed {
				ready++
			} else {
				others++
			}
		}
	}
	return ready == w.Endpoints && others == 0, fmt.Sprintf("%d are ready, %d are not, %d are wanted", ready, others, w.Endpoints)
}
