package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// Delete deletes pods: one by name, or some of those that a selector matches.
// Their owner replaces them; nothing is restored.
type Delete struct {
	Access   *api.Access
	Pod      string        // name; or
	Selector string        // as kubectl takes it
	Count    int           // how many, the oldest first; 0 means all
	Grace    *int64        // seconds; nil means the pod's own grace period
	Timeout  time.Duration // until they are gone; 0 means ten minutes
}

func newDeletePod(s *Settings) scenario.Action {
	return &Delete{Access: s.Access, Pod: s.Word, Grace: s.Grace, Timeout: s.Timeout}
}

func newDelete(s *Settings) scenario.Action {
	return &Delete{Access: s.Access, Selector: s.Word, Count: s.Count, Grace: s.Grace, Timeout: s.Timeout}
}

// Run deletes the pods and waits until the last one is gone: their whole
// shutdown belongs to the event.
func (d *Delete) Run(ctx context.Context, _ *scenario.Env) error {
	if strings.TrimSpace(d.Pod+d.Selector) == "" {
		return errors.New("delete: neither a pod nor a selector: this would delete every pod of the namespace")
	}
	cluster, err := d.Access.Open()
	if err != nil {
		return err
	}
	set := api.PodSet{Cluster: cluster, Selector: d.Selector, Name: d.Pod}
	pods, err := set.Oldest(ctx, d.Count)
	if err != nil {
		return err
	}
	for i := range pods {
		if err := cluster.DeletePod(ctx, &pods[i], d.Grace); err != nil {
			return err
		}
	}
	return set.AwaitGone(ctx, pods, d.Timeout)
}

// Undo does nothing: the owner of the pods replaces them.
func (d *Delete) Undo(context.Context) error { return nil }

func (d *Delete) touches() Target {
	if d.Selector != "" {
		return Target{Access: d.Access, Pods: api.Pods{Selector: d.Selector}}
	}
	return Target{Access: d.Access, Object: api.Ref{Kind: "pod", Name: d.Pod}}
}

func (d *Delete) plan() []planned {
	p := planned{access: d.Access, object: api.Ref{Kind: "pod", Name: d.Pod}, what: "delete", needs: []need{{"get", ""}, {"delete", ""}, {"list", ""}}}
	if d.Pod == "" {
		p.object, p.needs = api.Ref{Kind: "pod"}, p.needs[1:]
		p.what = fmt.Sprintf("delete all that match %s", d.Selector)
		if d.Count > 0 {
			p.what = fmt.Sprintf("delete %d that match %s", d.Count, d.Selector)
		}
	}
	return []planned{p}
}

func (d *Delete) String() string {
	if d.Pod != "" {
		return "delete pod " + d.Pod
	}
	return "delete pods of " + d.Selector
}
