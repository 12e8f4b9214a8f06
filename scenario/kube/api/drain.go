package api

import (
	"context"
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"nodrop/loadgen/misuse"
)

// Evictable returns the pods of a node that a drain evicts. It refuses pods that
// nobody would replace, and a node whose drain the pods of the cluster's namespace
// would not notice.
func (p PodSet) Evictable(ctx context.Context) ([]unstructured.Unstructured, error) {
	all, err := p.Staying(ctx)
	if err != nil {
		return nil, err
	}
	pods := slices.DeleteFunc(all, func(pod unstructured.Unstructured) bool { return stays(&pod) })
	own := 0
	for i := range pods {
		if metav1.GetControllerOf(&pods[i]) == nil {
			return nil, fmt.Errorf("%s: node %s: pod %s in namespace %s has no owner that would replace it: delete it first", p.Cluster, p.Node, pods[i].GetName(), pods[i].GetNamespace())
		}
		if pods[i].GetNamespace() == p.Cluster.Namespace {
			own++
		}
	}
	if own == 0 {
		return nil, &misuse.Error{
			Problem: fmt.Sprintf("%s: node %s: no pod in namespace %s that a drain would evict", p.Cluster, p.Node, p.Cluster.Namespace),
			Hint:    "the namespace must be that of the pods that the load goes to; after a drain they stay where they are until something restarts them",
		}
	}
	return pods, nil
}

// stays reports a pod that a drain leaves alone: one of a DaemonSet, which would
// return at once, or one that its kubelet made from a file.
func stays(pod *unstructured.Unstructured) bool {
	owner := metav1.GetControllerOf(pod)
	_, mirror := pod.GetAnnotations()["kubernetes.io/config.mirror"]
	return mirror || owner != nil && owner.Kind == "DaemonSet"
}

// Kin returns, for each workload that has pods among the given ones, the set of
// all its pods, those that it will create included: they have the same labels.
// It leaves out the pods of jobs, which end by themselves.
func (c *Cluster) Kin(pods []unstructured.Unstructured) []PodSet {
	var sets []PodSet
	for i := range pods {
		shared := maps.Clone(pods[i].GetLabels())
		for _, own := range []string{"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"} {
			delete(shared, own)
		}
		set := PodSet{Cluster: c, Selector: labels.FormatLabels(shared)}
		owner := metav1.GetControllerOf(&pods[i])
		if len(shared) > 0 && owner != nil && owner.Kind != "Job" && !slices.Contains(sets, set) {
			sets = append(sets, set)
		}
	}
	return sets
}
