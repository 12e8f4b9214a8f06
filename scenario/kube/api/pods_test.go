package api

import (
	"testing"

	"nodrop/scenario/kube/internal/kubetest"
)

// TestSelectors covers labels and expressions.
func TestSelectors(t *testing.T) {
	selector, err := selectorOf(kubetest.Decode(t, "{spec: {selector: {matchLabels: {app: gw}, matchExpressions: [{key: track, operator: In, values: [stable]}]}}}"))
	if want := "app=gw,track in (stable)"; err != nil || selector != want {
		t.Errorf("got %q, %v; want %s", selector, err, want)
	}
}
