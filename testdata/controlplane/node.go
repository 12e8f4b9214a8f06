package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// nodeName is the node that kube-proxy is of.
const nodeName = "n1"

// A machine is a node by name and address.
type machine struct{ name, address, podRange string }

// machines are the nodes of the cluster. All of them are this machine.
func machines() []machine {
	return []machine{{nodeName, nodeAddress, "10.244.0.0/24"}, {"n2", secondAddress, "10.244.1.0/24"}}
}

// goneGrace is what a kubelet gives the containers of a pod that was deleted
// by force.
const goneGrace = time.Second

// register says that the node is ready and stays so: no controller here looks
// for its heartbeat.
func (m machine) register(ctx context.Context, client kubernetes.Interface) error {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:   m.name,
			Labels: map[string]string{corev1.LabelHostname: m.name, corev1.LabelOSStable: "linux"},
		},
		Spec: corev1.NodeSpec{PodCIDR: m.podRange, PodCIDRs: []string{m.podRange}},
	}
	node, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("creating the node: %w", err)
	}
	// Admission adds the taint "not ready", which the node's controller would take away.
	node.Spec.Taints = nil
	if node, err = client.CoreV1().Nodes().Update(ctx, node, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("untainting the node: %w", err)
	}
	node.Status = m.status()
	if _, err = client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("making the node ready: %w", err)
	}
	return nil
}

func (m machine) status() corev1.NodeStatus {
	room := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("64"),
		corev1.ResourceMemory: resource.MustParse("256Gi"),
		corev1.ResourcePods:   resource.MustParse("1000"),
	}
	now := metav1.Now()
	return corev1.NodeStatus{
		Capacity:    room,
		Allocatable: room,
		Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: m.address},
			{Type: corev1.NodeHostName, Address: m.name},
		},
		Conditions: []corev1.NodeCondition{{
			Type:               corev1.NodeReady,
			Status:             corev1.ConditionTrue,
			Reason:             "KubeletReady",
			LastHeartbeatTime:  now,
			LastTransitionTime: now,
		}},
	}
}

// A node runs the pods that name it, as local processes. Its pods know nothing
// of each other; it alone starts and forgets them, from one goroutine.
type node struct {
	machine   machine
	client    kubernetes.Interface
	dir       string
	addresses *addresses // shared by all nodes
	pods      map[types.UID]*pod
}

func newNode(m machine, client kubernetes.Interface, dir string, addresses *addresses) *node {
	return &node{machine: m, client: client, dir: dir, addresses: addresses, pods: map[types.UID]*pod{}}
}

func (n *node) run(ctx context.Context, c clients) {
	pods := &follower{
		resource: c.dynamic.Resource(podKind),
		fields:   "spec.nodeName=" + n.machine.name,
		changed:  n.changed,
		gone:     n.gone,
	}
	pods.run(ctx)
}

func (n *node) changed(object *unstructured.Unstructured) {
	var seen corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &seen); err != nil {
		fmt.Fprintln(os.Stderr, "controlplane: reading a pod:", err)
		return
	}
	if p, ok := n.pods[seen.UID]; ok {
		p.see(&seen)
		return
	}
	if ended(seen.Status.Phase) {
		return
	}
	p, err := n.start(&seen)
	if err != nil {
		fmt.Fprintf(os.Stderr, "controlplane: starting pod %s/%s: %v\n", seen.Namespace, seen.Name, err)
		return
	}
	n.pods[seen.UID] = p
	p.see(&seen)
}

func (n *node) start(seen *corev1.Pod) (*pod, error) {
	address, err := n.addresses.allocate()
	if err != nil {
		return nil, err
	}
	p, err := newPod(n.client, n.dir, n.machine.address, address, seen)
	if err != nil {
		return nil, err
	}
	go p.run()
	return p, nil
}

func (n *node) gone(object *unstructured.Unstructured) {
	p, ok := n.pods[object.GetUID()]
	if !ok {
		return
	}
	p.terminate(goneGrace)
	delete(n.pods, object.GetUID())
}

func ended(phase corev1.PodPhase) bool {
	return phase == corev1.PodSucceeded || phase == corev1.PodFailed
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
