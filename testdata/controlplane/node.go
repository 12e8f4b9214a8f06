package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
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

// machines are the nodes that every cluster has. All nodes are this machine.
func machines() []machine {
	return []machine{{nodeName, nodeAddress, "10.244.0.0/24"}, {"n2", secondAddress, "10.244.1.0/24"}}
}

// goneGrace is what a kubelet gives the containers of a pod that was deleted
// by force.
const goneGrace = time.Second

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
	return m.comeUp(ctx, client, node)
}

// comeUp says that the node is ready and stays so: no controller here looks for
// its heartbeat.
func (m machine) comeUp(ctx context.Context, client kubernetes.Interface, node *corev1.Node) error {
	// Admission adds this taint, which the node's controller would take away.
	node.Spec.Taints = slices.DeleteFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeNotReady })
	node, err := client.CoreV1().Nodes().Update(ctx, node, metav1.UpdateOptions{})
	if err != nil {
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

// nodes runs the pods of every node there is. One that somebody else creates comes
// up as well: a test that drains a node has its own, so that no other test loses
// pods.
type nodes struct {
	client    kubernetes.Interface
	dir       string
	addresses *addresses
	running   map[string]bool // by name; for ever, as the kubelet of a node that was deleted
}

func newNodes(client kubernetes.Interface, dir string) *nodes {
	return &nodes{client: client, dir: dir, addresses: newAddresses(), running: map[string]bool{}}
}

func (n *nodes) run(ctx context.Context, c clients) {
	follow := &follower{
		resource: c.dynamic.Resource(nodeKind),
		changed:  func(object *unstructured.Unstructured) { n.changed(ctx, c, object.GetName()) },
		gone:     func(*unstructured.Unstructured) {},
	}
	follow.run(ctx)
}

func (n *nodes) changed(ctx context.Context, c clients, name string) {
	if n.running[name] {
		return
	}
	n.running[name] = true
	m := machine{name: name, address: secondAddress}
	for _, known := range machines() {
		if known.name == name {
			m = known
		}
	}
	go newNode(m, n.client, n.dir, n.addresses).run(ctx, c)
	go n.bringUp(ctx, m)
}

// bringUp tries until the node is ready, as a kubelet does.
func (n *nodes) bringUp(ctx context.Context, m machine) {
	for ; ctx.Err() == nil; sleep(ctx, retryDelay) {
		node, err := n.client.CoreV1().Nodes().Get(ctx, m.name, metav1.GetOptions{})
		if err == nil && !isReady(node) {
			err = m.comeUp(ctx, n.client, node)
		}
		if err == nil || apierrors.IsNotFound(err) {
			return
		}
	}
}

func isReady(node *corev1.Node) bool {
	return slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
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
