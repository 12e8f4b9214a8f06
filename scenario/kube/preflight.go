package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"nodrop/scenario"
)

// planned is something that an action is going to do.
type planned struct {
	access *Access
	object Ref    // Name is "" for all of a kind
	what   string // for people; "" for what only looks
	needs  []need
	scales bool
}

// need is a verb on an object, or on one of its subresources.
type need struct{ verb, sub string }

// planner is an action of this package.
type planner interface{ plan() []planned }

// Announce tells what an action will change and where, a line each; nothing for
// one that changes nothing in a cluster. It asks no cluster.
func Announce(a scenario.Action) ([]string, error) {
	p, ok := a.(planner)
	if !ok {
		return nil, nil
	}
	var lines []string
	for _, one := range p.plan() {
		c, err := one.access.Open()
		if err != nil {
			return nil, err
		}
		if one.what == "" {
			continue
		}
		object := one.object.String()
		if one.object.Name == "" {
			object = one.object.Kind
		}
		lines = append(lines, fmt.Sprintf("%s, namespace %s, %s: %s", c, c.Namespace, object, one.what))
	}
	return lines, nil
}

// Preflight finds, before anything is done, what would keep actions from being
// done: objects that are not there, rights that are missing, and autoscalers that
// would take a number of replicas back.
type Preflight struct{ Actions []scenario.Action }

// Run asks all of it, and tells all that is wrong.
func (p *Preflight) Run(ctx context.Context, _ *scenario.Env) error {
	var faults []string
	add := func(err error) {
		if err != nil && !slices.Contains(faults, err.Error()) {
			faults = append(faults, err.Error())
		}
	}
	made := map[string]bool{} // objects that an action makes
	for _, action := range p.Actions {
		if a, ok := action.(*Apply); ok {
			list, err := a.manifests()
			add(err)
			add(checkManifests(list, p.Actions))
			for _, manifest := range list {
				made[madeKey(text(manifest, "kind"), text(manifest, "metadata", "name"))] = true
			}
		}
	}
	for _, action := range p.Actions {
		one, ok := action.(planner)
		if !ok {
			continue
		}
		for _, planned := range one.plan() {
			add(planned.check(ctx, made))
		}
	}
	if len(faults) > 0 {
		return errors.New(strings.Join(faults, "; "))
	}
	return nil
}

// Undo does nothing: nothing was done.
func (p *Preflight) Undo(context.Context) error { return nil }

func madeKey(kind, name string) string { return strings.ToLower(kind) + "/" + name }

// check asks for the object, unless it is one that will be made.
func (p *planned) check(ctx context.Context, made map[string]bool) error {
	o, err := p.access.object(ctx, p.object)
	if err != nil {
		return err
	}
	needs := slices.Clone(p.needs)
	if !o.resource.scales { // what has no such subresource is patched itself
		for i := range needs {
			if needs[i].sub == "scale" {
				needs[i].sub = ""
			}
		}
	}
	var missing []string
	for _, n := range needs {
		allowed, err := o.may(ctx, n)
		if err != nil {
			return err
		}
		if !allowed {
			missing = append(missing, strings.TrimSuffix(n.verb+" "+o.resource.gvr.Resource+"/"+n.sub, "/"))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s: not allowed in namespace %s: %s", o.cluster, o.cluster.Namespace, strings.Join(missing, ", "))
	}
	var now map[string]any
	if p.object.Name != "" && !made[madeKey(o.resource.kind, p.object.Name)] {
		if now, err = o.get(ctx); err != nil {
			return err
		}
	}
	switch _, own := replicaFields[o.resource.kind]; {
	case !p.scales:
		return nil
	case own:
		return checkASMScales(o.String(), now)
	}
	return o.noAutoscaler(ctx)
}

// may asks the API server whether we may, as kubectl auth can-i does.
func (o *object) may(ctx context.Context, n need) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	attributes := map[string]any{"verb": n.verb, "group": o.resource.gvr.Group, "resource": o.resource.gvr.Resource, "subresource": n.sub, "name": o.name}
	if o.resource.namespaced {
		attributes["namespace"] = o.namespace
	}
	review := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		"spec": map[string]any{"resourceAttributes": attributes},
	}}
	resource := schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews"}
	answer, err := o.cluster.dynamic.Resource(resource).Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, o.cluster.explain("selfsubjectaccessreview", err)
	}
	allowed, _ := at(answer.Object, "status", "allowed")
	return allowed == true, nil
}

// noAutoscaler refuses an object that a HorizontalPodAutoscaler scales: it would
// take the number of replicas back in the middle of the run.
func (o *object) noAutoscaler(ctx context.Context) error {
	all := &object{cluster: o.cluster, namespace: o.namespace, resource: resource{
		gvr:  schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"},
		kind: "HorizontalPodAutoscaler", namespaced: true,
	}}
	if allowed, err := all.may(ctx, need{"list", ""}); err != nil || !allowed {
		if err == nil {
			err = fmt.Errorf("%s: not allowed in namespace %s: list horizontalpodautoscalers: whether one would fight the scale cannot be known", o.cluster, o.namespace)
		}
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	list, err := all.client().List(bounded, metav1.ListOptions{})
	if err != nil {
		return o.cluster.explain("horizontalpodautoscalers", err)
	}
	for i := range list.Items {
		hpa := list.Items[i].Object
		if text(hpa, "spec", "scaleTargetRef", "kind") == o.resource.kind && text(hpa, "spec", "scaleTargetRef", "name") == o.name {
			return fmt.Errorf("%s: HorizontalPodAutoscaler %s scales it (%d to %d): it would take the number of replicas back", o, list.Items[i].GetName(), max(1, number(hpa, "spec", "minReplicas")), number(hpa, "spec", "maxReplicas"))
		}
	}
	return nil
}
