package kube

import (
	"slices"
	"testing"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// TestPrepare checks that one watch covers each target of the steps once.
func TestPrepare(t *testing.T) {
	a := &api.Access{}
	backend := &Watch{Targets: []Target{{Access: a, Object: api.Ref{Kind: "deployment", Name: "backend"}}}}
	variants := []scenario.Variant{{}, {Setup: []scenario.Action{backend}, Timeline: []scenario.Step{
		{Action: &Scale{Access: a, Object: gw(), Replicas: 1}},
		{Action: &Scale{Access: a, Object: gw(), Replicas: 5}},
		{Action: &Delete{Access: a, Pod: "gw-0"}},
		{Action: &Restart{Access: a, Object: api.Ref{Kind: "deployment", Name: "backend"}}},
	}}}
	Prepare(variants)
	if len(variants[0].Setup) != 0 {
		t.Errorf("%d setup actions without a Kubernetes action; want 0", len(variants[0].Setup))
	}
	v := variants[1]
	if len(v.Setup) != 4 {
		t.Fatalf("%d setup actions; want 4", len(v.Setup))
	}
	if _, ok := v.Setup[0].(*Preflight); !ok {
		t.Errorf("%T comes first; want a Preflight", v.Setup[0])
	}
	want := []Target{{Access: a, Object: gw()}, {Access: a, Object: api.Ref{Kind: "pod", Name: "gw-0"}}}
	w, ok := v.Setup[3].(*Watch)
	if !ok || !slices.Equal(w.Targets, want) || w.shared != backend.shared {
		t.Errorf("got %v; want a watch of %v", v.Setup[3], want)
	}
}
