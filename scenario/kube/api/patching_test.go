package api

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"nodrop/scenario/kube/internal/kubetest"
)

// TestPaths checks that a JSON patch is restored value by value, a list as a
// whole, and no value twice.
func TestPaths(t *testing.T) {
	object := kubetest.Decode(t, `{metadata: {annotations: {a/b: x}}, spec: {replicas: 1, containers: [{name: a}, {name: b}]}}`)
	for want, pointers := range map[string][]string{
		"[[spec replicas]]":            {"/spec/replicas"},
		"[[spec containers]]":          {"/spec/containers/0/lifecycle", "/spec/containers/-", "/spec/containers"},
		"[[metadata annotations a/b]]": {"/metadata/annotations/a~1b"},
		"[[metadata labels]]":          {"/metadata/labels", "/metadata/labels/new", "/metadata/labels/newer"},
		"[[metadata labels ~1 x]]":     {"/metadata/labels/~01/x"},
	} {
		p := Patching{Type: types.JSONPatchType}
		for _, pointer := range pointers {
			p.Operations = append(p.Operations, map[string]any{"op": "remove", "path": pointer})
		}
		if err := p.Check(); err != nil {
			t.Error(err)
		}
		if got := fmt.Sprint(p.Paths(object)); got != want {
			t.Errorf("%v: got %s; want %s", pointers, got, want)
		}
	}
	moved := Patching{Type: types.JSONPatchType, Operations: []map[string]any{{"op": "move", "from": "/spec/replicas", "path": "/metadata/x"}}}
	if got := fmt.Sprint(moved.Paths(object)); got != "[[metadata x] [spec replicas]]" {
		t.Errorf("got %s", got)
	}
	copied := Patching{Operations: []map[string]any{
		{"op": "test", "path": "/spec/containers/0/name", "value": "a"},
		{"op": "copy", "from": "/spec/replicas", "path": "/metadata/x"},
		{"op": "replace", "path": "/metadata/x", "value": "b"},
	}}
	if got := fmt.Sprintf("%v %s; %s", copied.Paths(object), copied.Names(), moved.Names()); got != "[[metadata x]] /metadata/x; /spec/replicas, /metadata/x" {
		t.Errorf("got %s", got)
	}
	if err := (Patching{Operations: []map[string]any{}}).Check(); err == nil {
		t.Error("a patch that changes nothing is accepted")
	}
}
