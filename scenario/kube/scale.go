package kube

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
	"nodrop/scenario/kube/asm"
)

// Scale sets the number of replicas of an object: through its scale subresource
// or, for ASM's IstioGateway, spec.replicaCount. Undo restores the previous
// number, unless Keep is set.
type Scale struct {
	Access   *api.Access
	Object   api.Ref
	Replicas int
	Keep     bool
	// Pods are the pods of the object; zero means those that its own selector
	// or scale subresource names.
	Pods    api.Pods
	Timeout time.Duration // until the number is reached and the leaving pods are gone; 0 means ten minutes

	journal *journal // shared by all that scale this object; may be nil
	change  *change
}

func newScale(s *Settings) scenario.Action {
	return &Scale{Access: s.Access, Object: s.Object, Replicas: s.Replicas, Keep: s.Keep, Pods: s.Pods, Timeout: s.Timeout}
}

// replicaFields maps kinds without a scale subresource to the field that holds
// their number of replicas.
var replicaFields = map[string][]string{"IstioGateway": {"spec", "replicaCount"}}

// Run sets the number and waits until the last leaving pod is gone: their whole
// shutdown belongs to the event.
func (s *Scale) Run(ctx context.Context, _ *scenario.Env) error {
	o, err := s.Access.Object(ctx, s.Object)
	if err != nil {
		return err
	}
	if s.change, err = scaleChange(o, s.Replicas); err != nil {
		return err
	}
	pods, err := s.Pods.Of(ctx, o)
	if err != nil {
		return err
	}
	if err := s.journal.do(ctx, s.change, s.Keep); err != nil {
		return err
	}
	return pods.AwaitSettled(ctx, api.Exactly(s.Replicas), s.Timeout)
}

func scaleChange(o *api.Object, replicas int) (*change, error) {
	field, known := replicaFields[o.Resource.Kind]
	c := &change{object: o, patch: api.Merging(map[string]any{})}
	switch {
	case known:
	case o.Resource.Scales:
		field, c.sub = []string{"spec", "replicas"}, []string{"scale"}
	default:
		return nil, fmt.Errorf("%s: cannot be scaled: it has no scale subresource", o)
	}
	api.Set(c.patch.Fields, int64(replicas), field...)
	return c, nil
}

// Undo restores the number of replicas.
func (s *Scale) Undo(ctx context.Context) error {
	if s.change == nil || s.Keep {
		return nil
	}
	return s.change.undo(ctx)
}

// link gives all actions that scale one object the same journal.
func (s *Scale) link(l *links) { s.journal = l.journalOf(s.rolls()) }

func (s *Scale) rolls() Target { return Target{Access: s.Access, Object: s.Object} }

func (s *Scale) touches() Target { return Target{Access: s.Access, Object: s.Object, Pods: s.Pods} }

func (s *Scale) explainASM(terms *asm.Terms) { terms.Scaled = append(terms.Scaled, s.Object.Name) }

func (s *Scale) plan() []planned {
	text := fmt.Sprintf("scale to %d, then restore", s.Replicas)
	if s.Keep {
		text = fmt.Sprintf("scale to %d", s.Replicas)
	}
	return []planned{{access: s.Access, object: s.Object, what: text, needs: scaleNeeds, check: s.check}, listsPods(s.Pods, s.Access)}
}

// check refuses an object that cannot be scaled or that something else also scales.
func (s *Scale) check(ctx context.Context, o *api.Object, now map[string]any) error {
	if _, err := scaleChange(o, s.Replicas); err != nil {
		return err
	}
	if _, own := replicaFields[o.Resource.Kind]; !own {
		return noAutoscaler(ctx, o)
	}
	if s.Pods.Selector == "" {
		return api.NoPods(o)
	}
	return asm.CheckScales(o.String(), now)
}

// scaleNeeds are the permissions for scaling. Without a scale subresource, they
// are checked on the object itself.
var scaleNeeds = []need{{"get", "scale"}, {"patch", "scale"}}

func (s *Scale) String() string { return fmt.Sprintf("scale %s to %d", s.Object, s.Replicas) }

// Undoes says which number of replicas is restored.
func (s *Scale) Undoes(acted bool) (what string, ends bool) {
	if s.Keep {
		return "", false
	}
	return s.change.undoes(acted, "restore the replicas of "+s.Object.String()), false
}

// noAutoscaler refuses an object that a HorizontalPodAutoscaler scales: it
// would revert the number of replicas during the run.
func noAutoscaler(ctx context.Context, o *api.Object) error {
	all, err := o.Cluster.Object(ctx, api.Ref{Kind: "horizontalpodautoscalers.autoscaling"})
	if err != nil {
		return err
	}
	all.Namespace = o.Namespace
	if allowed, err := all.May(ctx, "list", ""); err != nil || !allowed {
		if err == nil {
			err = fmt.Errorf("%s: missing permissions in namespace %s: list horizontalpodautoscalers: cannot check whether one would revert the change", o.Cluster, o.Namespace)
		}
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, api.RequestTime)
	defer cancel()
	list, err := all.Client().List(bounded, metav1.ListOptions{})
	if err != nil {
		return o.Cluster.Explain("horizontalpodautoscalers", err)
	}
	for i := range list.Items {
		hpa := list.Items[i].Object
		if api.Text(hpa, "spec", "scaleTargetRef", "kind") == o.Resource.Kind && api.Text(hpa, "spec", "scaleTargetRef", "name") == o.Name {
			return fmt.Errorf("%s: HorizontalPodAutoscaler %s scales it (%d to %d replicas) and would revert the change", o, list.Items[i].GetName(), max(1, api.Number(hpa, "spec", "minReplicas")), api.Number(hpa, "spec", "maxReplicas"))
		}
	}
	return nil
}
