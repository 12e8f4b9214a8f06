package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// evictAgain is the pause before another attempt to evict a pod, as in kubectl
// drain.
const evictAgain = 5 * time.Second

// budgetCause is the type of the cause that the API server gives when a
// PodDisruptionBudget does not allow an eviction.
const budgetCause metav1.CauseType = "DisruptionBudget"

// namespaceCause is the type of the cause if the namespace is being deleted.
const namespaceCause metav1.CauseType = "NamespaceTerminating"

// blockedError says which PodDisruptionBudget does not allow an eviction now.
type blockedError struct{ text string }

func (e *blockedError) Error() string { return e.text }

// Evict evicts pods of the set, all that it can at once. It tries again while
// PodDisruptionBudgets do not allow it, or the API server is unreachable. waits is
// called once, with the reason, if a budget does not allow an eviction.
func (p PodSet) Evict(ctx context.Context, pods []unstructured.Unstructured, grace *int64, limit time.Duration, waits func(why string)) error {
	evicted := map[types.UID]bool{}
	waiting := false
	what := p.String() + ": not all were evicted"
	return poll(ctx, what, limit, evictAgain, func(ctx context.Context) (done bool, why string, err error) {
		for i := range pods {
			pod := &pods[i]
			if evicted[pod.GetUID()] {
				continue
			}
			err := p.Cluster.evict(ctx, pod, grace)
			if blocked, ok := errors.AsType[*blockedError](err); ok {
				if why = blocked.Error(); !waiting {
					waiting = true
					waits(why)
				}
				continue
			}
			if err != nil {
				return false, why, err
			}
			evicted[pod.GetUID()] = true
		}
		return why == "", why, nil
	})
}

// evict requests the eviction of a pod. A nil grace keeps the pod's own grace
// period. A pod that is gone needs none. The response tells more than a client
// of any object would show: the budget by name.
func (c *Cluster) evict(ctx context.Context, pod *unstructured.Unstructured, grace *int64) error {
	uid := pod.GetUID() // a new pod may get the same name
	request, err := json.Marshal(map[string]any{
		"apiVersion": "policy/v1", "kind": "Eviction",
		"metadata":      map[string]any{"name": pod.GetName(), "namespace": pod.GetNamespace()},
		"deleteOptions": metav1.DeleteOptions{GracePeriodSeconds: grace, Preconditions: &metav1.Preconditions{UID: &uid}},
	})
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, RequestTime)
	defer cancel()
	response, err := c.raw.Post().AbsPath("/api/v1/namespaces", pod.GetNamespace(), "pods", pod.GetName(), "eviction").
		SetHeader("Content-Type", "application/json").SetHeader("Accept", "application/json").
		MaxRetries(0).Body(request).Do(bounded).Raw()
	var status metav1.Status
	if json.Unmarshal(response, &status) == nil && status.Status == metav1.StatusFailure {
		err = &apierrors.StatusError{ErrStatus: status}
	}
	switch {
	case err == nil, apierrors.IsNotFound(err):
		return nil
	case apierrors.IsConflict(err) && c.isGone(ctx, pod):
		return nil
	case apierrors.HasStatusCause(err, namespaceCause): // its pods are deleted anyway
		return nil
	case apierrors.HasStatusCause(err, budgetCause):
		return &blockedError{fmt.Sprintf("pod %s in namespace %s: a PodDisruptionBudget does not allow it: %s", pod.GetName(), pod.GetNamespace(), reasons(&status))}
	}
	return c.Explain("eviction of pod "+pod.GetName()+" in namespace "+pod.GetNamespace(), err)
}

// reasons returns what the API server says about the causes of a refusal.
func reasons(status *metav1.Status) string {
	var list []string
	for _, cause := range status.Details.Causes {
		list = append(list, cause.Message)
	}
	return strings.Join(list, "; ")
}

// isGone reports that a pod does not exist any more, whatever has its name now.
func (c *Cluster) isGone(ctx context.Context, pod *unstructured.Unstructured) bool {
	ctx, cancel := context.WithTimeout(ctx, RequestTime)
	defer cancel()
	now, err := c.dynamic.Resource(PodsResource()).Namespace(pod.GetNamespace()).Get(ctx, pod.GetName(), metav1.GetOptions{})
	return apierrors.IsNotFound(err) || err == nil && now.GetUID() != pod.GetUID()
}
