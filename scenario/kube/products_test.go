package kube

import (
	"slices"
	"testing"

	"nodrop/loadgen/record/product"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// TestProductsOfActions: a variant with actions on a cluster names Kubernetes,
// and one on an IstioGateway names ASM, too.
func TestProductsOfActions(t *testing.T) {
	a := &api.Access{}
	scale := func(kind string) []scenario.Step {
		return []scenario.Step{{Action: &Scale{Access: a, Object: api.Ref{Kind: kind, Name: "gw"}, Replicas: 1}}}
	}
	variants := []scenario.Variant{
		{},
		{Timeline: scale("deployment")},
		{Timeline: scale("istiogateways.istio.alibabacloud.com")},
		{Timeline: scale("IstioGateway")},
		{Setup: []scenario.Action{&Graceful{Access: a, Gateway: "gw"}}},
	}
	Prepare(variants)
	for i, want := range [][]string{
		nil, {product.Kubernetes}, {product.Kubernetes, product.ASM}, {product.Kubernetes, product.ASM}, {product.Kubernetes, product.ASM},
	} {
		if got := variants[i].Products; !slices.Equal(got, want) {
			t.Errorf("variant %d: got %v; want %v", i, got, want)
		}
	}
}
