package api

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/scenario/kube/internal/kubetest"
)

// TestCheckBudgets: a budget that wants all pods refuses an eviction for ever,
// one that waits for pods to get healthy only for a time.
func TestCheckBudgets(t *testing.T) {
	object := func(text string) unstructured.Unstructured {
		return unstructured.Unstructured{Object: kubetest.Integers(kubetest.Decode(t, text)).(map[string]any)}
	}
	budget := func(name, selector, status string) unstructured.Unstructured {
		return object(fmt.Sprintf("{metadata: {name: %s, generation: 1}, spec: {%s}, status: {observedGeneration: 1, %s}}", name, selector, status))
	}
	pod := object("{metadata: {name: gw-1, labels: {app: gw, tier: edge}}}")
	const own, all, some = "selector: {matchLabels: {app: gw}}", "desiredHealthy: 2, expectedPods: 2", "desiredHealthy: 1, expectedPods: 2, currentHealthy: 1"
	for name, tc := range map[string]struct {
		budgets []unstructured.Unstructured
		want    string
	}{
		"none":               {nil, ""},
		"some":               {[]unstructured.Unstructured{budget("a", own, some)}, ""},
		"all":                {[]unstructured.Unstructured{budget("a", own, all)}, "PodDisruptionBudget a never allows it: it wants 2 healthy pods, and there are to be 2"},
		"of another app":     {[]unstructured.Unstructured{budget("a", "selector: {matchLabels: {app: other}}", all)}, ""},
		"by expression":      {[]unstructured.Unstructured{budget("a", "selector: {matchExpressions: [{key: tier, operator: In, values: [edge]}]}", all)}, "PodDisruptionBudget a never"},
		"of all pods":        {[]unstructured.Unstructured{budget("a", "selector: {}", all)}, "PodDisruptionBudget a never"},
		"without a selector": {[]unstructured.Unstructured{budget("a", "", all)}, ""},
		"no pods counted":    {[]unstructured.Unstructured{budget("a", own, "desiredHealthy: 0, expectedPods: 0")}, ""},
		"not processed":      {[]unstructured.Unstructured{object("{metadata: {name: a, generation: 2}, spec: {" + own + "}, status: {observedGeneration: 1, " + all + "}}")}, ""},
		"two":                {[]unstructured.Unstructured{budget("b", "selector: {}", some), budget("a", own, some)}, "more than one PodDisruptionBudget, and it has a, b"},
	} {
		err := checkBudgets(&pod, tc.budgets)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v; want %q", name, err, tc.want)
		}
	}
}
