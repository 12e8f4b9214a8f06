package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// Delete deletes or evicts pods: one by name, or some of those that a selector
// matches. Their owner replaces them; nothing is restored.
type Delete struct {
	Access   *api.Access
	Pod      string        // name; or
	Selector string        // as kubectl takes it
	Evict    bool          // by the eviction API, as PodDisruptionBudgets allow
	Count    int           // how many, the oldest first; 0 means all
	Grace    *int64        // seconds; nil means the pod's own grace period
	Timeout  time.Duration // until all are evicted, and then until they are gone; 0 means ten minutes each
	// Alone says that nothing else of the run changes the pods: Preflight requires
	// that they exist, and that they can be evicted.
	Alone bool
}

func newDeletePod(s *Settings) scenario.Action {
	return &Delete{Access: s.Access, Pod: s.Word, Grace: s.Grace, Timeout: s.Timeout}
}

func newDelete(s *Settings) scenario.Action {
	s.checkSelector("delete")
	return &Delete{Access: s.Access, Selector: s.Word, Count: s.Count, Grace: s.Grace, Timeout: s.Timeout}
}

func newEvict(s *Settings) scenario.Action {
	s.checkSelector("evict")
	return &Delete{Access: s.Access, Selector: s.Word, Evict: true, Count: s.Count, Grace: s.Grace, Timeout: s.Timeout}
}

// Run deletes the pods and waits until the last one is gone: their whole
// shutdown belongs to the event.
func (d *Delete) Run(ctx context.Context, env *scenario.Env) error {
	if strings.TrimSpace(d.Pod+d.Selector) == "" {
		return errors.New("delete: neither a pod nor a selector: this would delete every pod of the namespace")
	}
	set, pods, err := d.chosen(ctx)
	if err != nil {
		return err
	}
	if d.Evict {
		err = set.Evict(ctx, pods, d.Grace, d.Timeout, noteOf(env))
	} else {
		err = set.Delete(ctx, pods, d.Grace)
	}
	if err != nil {
		return err
	}
	return set.AwaitGone(ctx, pods, d.Timeout)
}

// noteOf returns what notes in the report that an eviction waits.
func noteOf(env *scenario.Env) func(why string) {
	return func(why string) {
		env.Mark(scenario.Moment{Kind: record.MarkNote, Note: "an eviction waits: " + why, At: time.Now()})
	}
}

func (d *Delete) chosen(ctx context.Context) (api.PodSet, []unstructured.Unstructured, error) {
	cluster, err := d.Access.Open()
	if err != nil {
		return api.PodSet{}, nil, err
	}
	set := api.PodSet{Cluster: cluster, Selector: d.Selector, Name: d.Pod}
	pods, err := set.Oldest(ctx, d.Count)
	return set, pods, err
}

// Undo does nothing: the owner of the pods replaces them.
func (d *Delete) Undo(context.Context) error { return nil }

// Removes says which of the two it is.
func (d *Delete) Removes() string {
	if d.Evict {
		return record.RemovesByEviction
	}
	return record.RemovesByDeletion
}

func (d *Delete) touches() Target {
	if d.Selector != "" {
		return Target{Access: d.Access, Pods: api.Pods{Selector: d.Selector}}
	}
	return Target{Access: d.Access, Object: api.Ref{Kind: "pod", Name: d.Pod}}
}

func (d *Delete) plan() []planned {
	p := planned{access: d.Access, object: api.Ref{Kind: "pod", Name: d.Pod}, what: "delete", needs: []need{{"get", ""}, {"delete", ""}, {"list", ""}}, check: d.check}
	if d.Pod != "" {
		return []planned{p}
	}
	p.object, p.needs = api.Ref{Kind: "pod"}, []need{{"delete", ""}, {"list", ""}}
	amount := "all"
	if d.Count > 0 {
		amount = fmt.Sprint(d.Count)
	}
	p.what = fmt.Sprintf("delete %s that match %s", amount, d.Selector)
	if d.Evict {
		p.what = fmt.Sprintf("evict %s that match %s, as PodDisruptionBudgets allow", amount, d.Selector)
		p.needs[0] = need{"create", "eviction"}
	}
	return []planned{p}
}

// check finds pods that do not exist or cannot be evicted.
func (d *Delete) check(ctx context.Context, _ *api.Object, _ map[string]any) error {
	if !d.Alone {
		return nil
	}
	set, pods, err := d.chosen(ctx)
	if err != nil || !d.Evict {
		return err
	}
	return set.CheckBudgets(ctx, pods)
}

func (d *Delete) String() string {
	switch {
	case d.Pod != "":
		return "delete pod " + d.Pod
	case d.Evict:
		return "evict pods of " + d.Selector
	}
	return "delete pods of " + d.Selector
}
