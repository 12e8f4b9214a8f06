package kube

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
	"nodrop/scenario/kube/watch"
)

// Wait waits for one thing; exactly one of Rollout, Condition, Gone and
// Endpoints is set.
type Wait struct {
	Access    *api.Access
	Object    api.Ref
	Rollout   bool   // by the rules of kubectl rollout status
	Condition string // type of the condition that must have Status
	Status    string // "" means True; case is ignored, as in kubectl
	Gone      string // until no pod matches this selector
	Endpoints int    // > 0: until a Service (Object) has this many ready endpoints and no others
	Timeout   time.Duration
}

// newWait parses what to wait for, in the syntax of kubectl's --for.
func newWait(s *Settings) scenario.Action {
	w := &Wait{Access: s.Access, Object: s.Object, Timeout: s.Timeout}
	kind, what, _ := strings.Cut(s.Until, "=")
	switch {
	case s.Until == "rollout":
		w.Rollout = true
	case kind == "condition" && what != "":
		w.Condition, w.Status, _ = strings.Cut(what, "=")
	case kind == "endpoints":
		var err error
		if w.Endpoints, err = strconv.Atoi(what); err != nil || w.Endpoints < 1 {
			s.Fault("", "for: endpoints=%s: want a number of 1 or more", what)
		}
	case s.Until != "":
		s.Fault("", "for: %q is not rollout, condition=TYPE, condition=TYPE=STATUS or endpoints=N", s.Until)
	}
	return w
}

func newGone(s *Settings) scenario.Action {
	return &Wait{Access: s.Access, Gone: s.Word, Timeout: s.Timeout}
}

// Run waits until the condition holds, or until Timeout.
func (w *Wait) Run(ctx context.Context, _ *scenario.Env) error {
	c, err := w.Access.Open()
	if err != nil {
		return err
	}
	if w.Gone != "" {
		return api.PodSet{Cluster: c, Selector: w.Gone}.AwaitSettled(ctx, api.Exactly(0), w.Timeout)
	}
	o, err := c.Object(ctx, w.Object)
	if err != nil {
		return err
	}
	switch {
	case w.Rollout:
		return awaitRollout(ctx, o, w.Timeout)
	case w.Condition != "":
		return o.Await(ctx, "condition "+w.Condition+" not met", w.Timeout, func(now map[string]any) (bool, string) {
			wanted := cmp.Or(w.Status, "True")
			return strings.EqualFold(api.Text(api.ConditionOf(now, w.Condition), "status"), wanted), "its status is not " + wanted
		})
	}
	return o.Await(ctx, "endpoints not ready", w.Timeout, func(map[string]any) (bool, string) { return w.settled(ctx, c) })
}

// Undo does nothing.
func (w *Wait) Undo(context.Context) error { return nil }

func (w *Wait) plan() []planned {
	p := planned{access: w.Access, object: w.Object, comes: true, needs: []need{{"get", ""}}}
	switch {
	case w.Rollout:
		p.check = func(_ context.Context, o *api.Object, _ map[string]any) error {
			if !rollsOut(o) {
				return fmt.Errorf("%s: has no rollout: want a Deployment, StatefulSet or DaemonSet", o)
			}
			return nil
		}
	case w.Gone != "":
		p.object, p.needs = api.Ref{Kind: "pods"}, []need{{"list", ""}}
	case w.Endpoints > 0:
		return []planned{p, {access: w.Access, object: api.Ref{Kind: "endpointslices.discovery.k8s.io"}, needs: []need{{"list", ""}}}}
	}
	return []planned{p}
}

// settled checks the EndpointSlices of a Service.
func (w *Wait) settled(ctx context.Context, c *api.Cluster) (bool, string) {
	ctx, cancel := context.WithTimeout(ctx, api.RequestTime)
	defer cancel()
	list, err := c.Slices().List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + w.Object.Name})
	if err != nil {
		return false, c.Explain("endpointslices", err).Error()
	}
	pods := map[string]watch.State{} // each pod once: a dual-stack Service lists it in two slices
	for i := range list.Items {
		for n, endpoint := range api.Items(list.Items[i].Object, "endpoints") {
			name := api.Text(endpoint, "targetRef", "name")
			if name == "" {
				name = fmt.Sprintf("%s/%d", list.Items[i].GetName(), n)
			}
			state, known := pods[name]
			if here := watch.StateOf(endpoint); !known || here < state {
				pods[name] = here
			}
		}
	}
	ready, others := 0, 0
	for _, state := range pods {
		if state == watch.Routed {
			ready++
		} else {
			others++
		}
	}
	return ready == w.Endpoints && others == 0, fmt.Sprintf("%d ready, %d not ready; want %d ready and no others", ready, others, w.Endpoints)
}

func (w *Wait) String() string { return "wait for " + cmp.Or(w.Object.Name, w.Gone) }
