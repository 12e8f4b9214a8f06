package kube

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
	"nodrop/scenario/kube/watch"
)

// Watch marks pod and endpoint events from its Run to its Undo. A mark has the
// time when the event arrived here: the API's own times have whole seconds and
// come from other clocks.
type Watch struct {
	Targets []Target // may have pods in common

	shared  *watch.Shared   // with other watches of the run; nil if there is none
	running *watch.Watching // nil while not running
}

// Target identifies pods: those of an object, those of a selector, the pod that
// Object names, or the pods on the node that it names, and those that replace them.
type Target struct {
	Access *api.Access
	Object api.Ref
	Pods   api.Pods
}

func newWatch(s *Settings) scenario.Action {
	if s.Part != "setup" {
		s.Fault("", "watch: only in setup, not in %s: it watches until the end of the run", s.Part)
	}
	return &Watch{Targets: []Target{{Access: s.Access, Object: s.Object, Pods: s.Pods}}}
}

// Run starts the watch and returns once the initial state is known.
func (w *Watch) Run(ctx context.Context, env *scenario.Env) error {
	sets, err := w.sets(ctx)
	if err != nil {
		return err
	}
	if w.shared == nil {
		w.shared = &watch.Shared{}
	}
	if w.running, err = w.shared.Begin(ctx, sets, env.Mark); err != nil {
		return err
	}
	env.Replicas = max(env.Replicas, w.running.Replicas)
	return nil
}

// sets returns the sets of pods to watch, without repeats.
func (w *Watch) sets(ctx context.Context) ([]api.PodSet, error) {
	var list []api.PodSet
	for _, t := range w.Targets {
		sets, err := t.pods(ctx)
		if err != nil {
			return nil, err
		}
		for _, set := range sets {
			if !slices.Contains(list, set) {
				list = append(list, set)
			}
		}
	}
	return list, nil
}

func (t *Target) pods(ctx context.Context) ([]api.PodSet, error) {
	if t.Pods.Selector != "" {
		c, err := t.Pods.Or(t.Access).Open()
		return []api.PodSet{{Cluster: c, Selector: t.Pods.Selector}}, err
	}
	o, err := t.Access.Object(ctx, t.Object)
	if err != nil {
		return nil, err
	}
	switch o.Resource.GVR {
	case api.PodsResource():
		return []api.PodSet{{Cluster: o.Cluster, Name: o.Name}}, nil
	case api.NodesResource():
		return moved(ctx, api.PodSet{Cluster: o.Cluster, Node: o.Name})
	}
	set, err := t.Pods.Of(ctx, o)
	return []api.PodSet{set}, err
}

// Undo stops the watch.
func (w *Watch) Undo(context.Context) error {
	if w.running != nil {
		w.running.End()
		w.running = nil
	}
	return nil
}

// Whose names the targets.
func (w *Watch) Whose() string {
	var names []string
	for _, t := range w.Targets {
		names = append(names, cmp.Or(t.Pods.Selector, t.Object.String()))
	}
	return strings.Join(names, ", ")
}

// link makes watches share state, so that each pod event is marked once.
func (w *Watch) link(l *links) { w.shared = &l.lifecycles }

func (w *Watch) watches() []Target { return w.Targets }

func (w *Watch) plan() []planned {
	var list []planned
	for _, t := range w.Targets {
		for _, kind := range []string{"pods", "endpointslices.discovery.k8s.io"} {
			list = append(list, planned{access: t.Pods.Or(t.Access), object: api.Ref{Kind: kind}, needs: []need{{"list", ""}, {"watch", ""}}})
		}
	}
	return list
}

func (w *Watch) String() string { return "watch the pods of " + w.Whose() }
