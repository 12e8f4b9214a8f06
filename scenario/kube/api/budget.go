package api

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func budgetsResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"}
}

// CheckBudgets refuses pods of the set whose eviction no wait would make
// possible: a PodDisruptionBudget wants all of them, or several budgets apply to
// one pod. Without the permission to read budgets it finds nothing: an eviction
// itself needs none, and names the budget that does not allow it.
func (p PodSet) CheckBudgets(ctx context.Context, pods []unstructured.Unstructured) error {
	ctx, cancel := context.WithTimeout(ctx, RequestTime)
	defer cancel()
	budgets := p.Cluster.dynamic.Resource(budgetsResource())
	for namespace, among := range byNamespace(pods) {
		list, err := budgets.Namespace(namespace).List(ctx, metav1.ListOptions{})
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return p.Cluster.Explain("poddisruptionbudgets", err)
		}
		for i := range among {
			if err := checkBudgets(&among[i], list.Items); err != nil {
				return fmt.Errorf("%s: pod %s in namespace %s cannot be evicted: %w", p.Cluster, among[i].GetName(), namespace, err)
			}
		}
	}
	return nil
}

func byNamespace(pods []unstructured.Unstructured) map[string][]unstructured.Unstructured {
	list := map[string][]unstructured.Unstructured{}
	for _, pod := range pods {
		list[pod.GetNamespace()] = append(list[pod.GetNamespace()], pod)
	}
	return list
}

// checkBudgets checks a pod against the budgets of its namespace.
func checkBudgets(pod *unstructured.Unstructured, budgets []unstructured.Unstructured) error {
	var names []string
	for i := range budgets {
		budget := &budgets[i]
		if !covers(budget, pod) {
			continue
		}
		names = append(names, budget.GetName())
		if why := wantsAll(budget); why != "" {
			return fmt.Errorf("PodDisruptionBudget %s never allows it: %s", budget.GetName(), why)
		}
	}
	if len(names) > 1 {
		slices.Sort(names)
		return fmt.Errorf("the API server evicts no pod with more than one PodDisruptionBudget, and it has %s", strings.Join(names, ", "))
	}
	return nil
}

// covers reports whether a budget applies to a pod. One without a selector
// applies to none, one with an empty selector to all of its namespace.
func covers(budget, pod *unstructured.Unstructured) bool {
	found, _ := At(budget.Object, "spec", "selector")
	fields, ok := found.(map[string]any)
	var written metav1.LabelSelector
	if !ok || runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &written) != nil {
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(&written)
	return err == nil && selector.Matches(labels.Set(pod.GetLabels()))
}

// wantsAll says why a budget allows no eviction even while all of its pods are
// healthy; "" if it allows some, or has not been processed yet.
func wantsAll(budget *unstructured.Unstructured) string {
	if Number(budget.Object, "status", "observedGeneration") < budget.GetGeneration() {
		return ""
	}
	want, pods := Number(budget.Object, "status", "desiredHealthy"), Number(budget.Object, "status", "expectedPods")
	if pods == 0 || want < pods {
		return ""
	}
	return fmt.Sprintf("it wants %d healthy pods, and there are to be %d", want, pods)
}
