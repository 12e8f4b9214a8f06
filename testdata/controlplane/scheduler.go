package main

import (
	"context"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
)

// A scheduler binds pods that name no node to the only one there is.
type scheduler struct {
	client kubernetes.Interface
}

func (s *scheduler) run(ctx context.Context, c clients) {
	pods := &follower{
		resource: c.dynamic.Resource(podKind),
		fields:   "spec.nodeName=",
		changed:  func(object *unstructured.Unstructured) { s.bind(ctx, object) },
		gone:     func(*unstructured.Unstructured) {},
	}
	pods.run(ctx)
}

func (s *scheduler) bind(ctx context.Context, object *unstructured.Unstructured) {
	binding := &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: object.GetName(), Namespace: object.GetNamespace(), UID: object.GetUID()},
		Target:     corev1.ObjectReference{Kind: "Node", Name: nodeName},
	}
	err := s.client.CoreV1().Pods(object.GetNamespace()).Bind(ctx, binding, metav1.CreateOptions{})
	if err != nil {
		fmt.Fprintf(os.Stderr, "controlplane: binding pod %s/%s: %v\n", object.GetNamespace(), object.GetName(), err)
	}
}
