package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
)

// A scheduler binds each pod that names no node to one that it may run on, and
// there to the one with the fewest pods of the same owner. A pod that may run
// nowhere waits until a node changes.
type scheduler struct {
	client  kubernetes.Interface
	changed chan struct{} // holds one
}

func newScheduler(client kubernetes.Interface) *scheduler {
	return &scheduler{client: client, changed: make(chan struct{}, 1)}
}

func (s *scheduler) run(ctx context.Context, c clients) {
	ignored := func(*unstructured.Unstructured) {}
	pods := &follower{resource: c.dynamic.Resource(podKind), fields: unbound, changed: s.touch, gone: ignored}
	nodes := &follower{resource: c.dynamic.Resource(nodeKind), changed: s.touch, gone: ignored}
	go pods.run(ctx)
	go nodes.run(ctx)
	for {
		select {
		case <-s.changed:
		case <-ctx.Done():
			return
		}
		if err := s.bindAll(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "controlplane: scheduler:", err)
			sleep(ctx, retryDelay)
			s.touch(nil)
		}
	}
}

// unbound selects the pods that name no node.
const unbound = "spec.nodeName="

func (s *scheduler) touch(*unstructured.Unstructured) {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *scheduler) bindAll(ctx context.Context) error {
	waiting, err := s.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: unbound})
	if err != nil || len(waiting.Items) == 0 {
		return err
	}
	nodes, err := s.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	pods, err := s.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range waiting.Items {
		pod := &waiting.Items[i]
		if pod.DeletionTimestamp != nil {
			continue
		}
		name := choose(pod, nodes.Items, pods.Items)
		if name == "" {
			continue
		}
		if err := s.bind(ctx, pod, name); err != nil {
			return fmt.Errorf("binding pod %s/%s: %w", pod.Namespace, pod.Name, err)
		}
		pod.Spec.NodeName = name
		pods.Items = append(pods.Items, *pod)
	}
	return nil
}

func (s *scheduler) bind(ctx context.Context, pod *corev1.Pod, node string) error {
	return s.client.CoreV1().Pods(pod.Namespace).Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: node},
	}, metav1.CreateOptions{})
}

// choose returns the name of the node for a pod; "" if it may run on none.
func choose(pod *corev1.Pod, nodes []corev1.Node, pods []corev1.Pod) string {
	best, least := "", 0
	for i := range nodes {
		node := &nodes[i]
		if !mayRun(pod, node) {
			continue
		}
		if n := siblings(pod, node.Name, pods); best == "" || n < least {
			best, least = node.Name, n
		}
	}
	return best
}

// siblings counts the pods of the same owner on a node that stay there.
func siblings(pod *corev1.Pod, node string, pods []corev1.Pod) int {
	owner, n := metav1.GetControllerOf(pod), 0
	for i := range pods {
		other := metav1.GetControllerOf(&pods[i])
		if pods[i].Spec.NodeName != node || pods[i].DeletionTimestamp != nil || ended(pods[i].Status.Phase) {
			continue
		}
		if owner == nil || other != nil && other.UID == owner.UID {
			n++
		}
	}
	return n
}

func mayRun(pod *corev1.Pod, node *corev1.Node) bool {
	if node.Spec.Unschedulable && !tolerates(pod) {
		return false
	}
	if slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return keepsOff(t, pod) }) {
		return false
	}
	for name, value := range pod.Spec.NodeSelector {
		if node.Labels[name] != value {
			return false
		}
	}
	return isMeantFor(pod, node.Name)
}

// keepsOff reports whether a taint keeps a pod off its node. Which value a pod
// tolerates does not matter here.
func keepsOff(taint corev1.Taint, pod *corev1.Pod) bool {
	tolerated := slices.ContainsFunc(pod.Spec.Tolerations, func(t corev1.Toleration) bool { return t.Key == taint.Key || t.Key == "" })
	return taint.Effect == corev1.TaintEffectNoSchedule && !tolerated
}

// tolerates reports a pod that runs on cordoned nodes, too: one of a DaemonSet.
func tolerates(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Spec.Tolerations, func(t corev1.Toleration) bool { return t.Key == corev1.TaintNodeUnschedulable })
}

// isMeantFor reads the affinity by which a DaemonSet names a pod's node.
func isMeantFor(pod *corev1.Pod, node string) bool {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil || pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return true
	}
	for _, term := range pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, field := range term.MatchFields {
			if field.Key == metav1.ObjectNameField && slices.Contains(field.Values, node) {
				return true
			}
		}
	}
	return false
}
