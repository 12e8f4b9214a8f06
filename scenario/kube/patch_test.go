package kube

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"nodrop/scenario/kube/api"
)

// TestPatchTypes adds a pre-stop hook with each of kubectl's patch types and
// undoes it; values that somebody else has changed are left.
func TestPatchTypes(t *testing.T) {
	t.Parallel()
	a := access(t)
	apply(t, a, gateways(0, "terminationGracePeriodSeconds: 20", ""))
	containers := func() any {
		list, _ := api.At(read(t, a, gw()), "spec", "template", "spec", "containers")
		return list
	}
	hook := map[string]any{"preStop": map[string]any{"sleep": map[string]any{"seconds": int64(7)}}}
	strategic := map[string]any{}
	api.Set(strategic, []any{map[string]any{"name": "gw", "lifecycle": hook}}, "spec", "template", "spec", "containers")
	before := api.Shown(containers(), true)
	for name, patching := range map[string]api.Patching{
		"strategic": {Type: types.StrategicMergePatchType, Fields: strategic},
		"json": {Type: types.JSONPatchType, Operations: []map[string]any{
			{"op": "test", "path": "/spec/template/spec/containers/0/name", "value": "gw"},
			{"op": "add", "path": "/spec/template/spec/containers/0/lifecycle", "value": hook},
		}},
	} {
		patch := &Patch{Access: a, Object: gw(), Patch: patching}
		run(t, patch)
		list, _ := containers().([]any)
		one, _ := list[0].(map[string]any)
		if len(list) != 1 || api.Number(one, "lifecycle", "preStop", "sleep", "seconds") != 7 || api.Text(one, "image") != "hello" {
			t.Errorf("%s: the containers are %s", name, api.Shown(list, true))
		}
		undo(t, patch)
		if after := api.Shown(containers(), true); after != before {
			t.Errorf("%s: afterwards\n%s; want\n%s", name, after, before)
		}
	}
	replaced := &Patch{Access: a, Object: gw(), Patch: api.Patching{Operations: []map[string]any{
		{"op": "replace", "path": "/spec/template/spec/containers/0/readinessProbe", "value": map[string]any{"tcpSocket": map[string]any{"port": int64(8080)}}},
		{"op": "add", "path": "/metadata/labels", "value": map[string]any{"new": "label"}},
		{"op": "replace", "path": "/spec/template/spec/securityContext", "value": map[string]any{"runAsUser": int64(1)}},
	}}}
	specBefore := api.Shown(api.At(read(t, a, gw()), "spec"))
	run(t, replaced)
	undo(t, replaced)
	now := read(t, a, gw())
	if after := api.Shown(api.At(now, "spec")); after != specBefore {
		t.Errorf("spec after the undo:\n%s; want\n%s", after, specBefore)
	}
	if labels, is := api.At(now, "metadata", "labels"); is {
		t.Errorf("labels: %s", api.Shown(labels, is))
	}
	patch := &Patch{Access: a, Object: gw(), Hand: "ask them", Patch: api.Patching{Type: types.JSONPatchType, Operations: []map[string]any{
		{"op": "add", "path": "/spec/template/spec/containers/0/lifecycle", "value": hook},
	}}}
	run(t, patch)
	run(t, &Patch{Access: a, Object: gw(), Patch: api.Patching{Type: types.JSONPatchType, Operations: []map[string]any{
		{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "another"},
	}}})
	if err := patch.Undo(bounded(t)); err == nil || !says(err.Error(), "spec.template.spec.containers: not restored: it has changed since nodrop set it; to restore it by hand: ask them") {
		t.Errorf("got %v", err)
	}
	failing := &Patch{Access: a, Object: gw(), Patch: api.Patching{Type: types.JSONPatchType, Operations: []map[string]any{
		{"op": "test", "path": "/spec/replicas", "value": int64(7)}, {"op": "replace", "path": "/spec/replicas", "value": int64(8)},
	}}}
	if err := failing.Run(bounded(t), nil); err == nil || !says(err.Error(), "deployment/gw in namespace") {
		t.Errorf("got %v", err)
	}
	if n := api.Number(read(t, a, gw()), "spec", "replicas"); n != 0 {
		t.Errorf("%d replicas; want 0: the patch was refused", n)
	}
	other := &Patch{Access: a, Object: gw(), Patch: api.Patching{Operations: []map[string]any{{"op": "replace", "path": "/spec/paused", "value": true}, {"op": "test", "path": "/spec/replicas", "value": int64(7)}}}}
	if err := other.Run(bounded(t), nil); err == nil {
		t.Error("a patch whose test operation fails is applied")
	}
	run(t, &Patch{Access: a, Object: gw(), Patch: api.Merging(map[string]any{"spec": map[string]any{"paused": true}})})
	undo(t, failing)
	undo(t, other) // a value that somebody else has set is not restored
}
