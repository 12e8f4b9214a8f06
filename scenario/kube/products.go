package kube

import (
	"strings"

	"nodrop/loadgen/record/product"
	"nodrop/scenario"
)

// productsOf returns the products that actions of this package show to be part
// of the target: IstioGateways exist only in ASM.
func productsOf(actions []scenario.Action) []string {
	list := []string{product.Kubernetes}
	for _, action := range actions {
		a, ok := action.(planner)
		if !ok {
			continue
		}
		for _, one := range a.plan() {
			if kind := strings.ToLower(one.object.Kind); strings.HasPrefix(kind, "istiogateway") {
				list = product.Add(list, product.ASM)
			}
		}
	}
	return list
}
