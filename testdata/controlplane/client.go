package main

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// retryDelay is short, so that an outage of the API ends for all at once.
const retryDelay = 200 * time.Millisecond

var (
	podKind            = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	nodeKind           = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	serviceKind        = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	deploymentKind     = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	sliceKind          = schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}
	definitionKind     = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	istioGatewayKind   = schema.GroupVersionResource{Group: "istio.alibabacloud.com", Version: "v1", Resource: "istiogateways"}
	virtualServiceKind = schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "virtualservices"}
	gatewayKind        = schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "gateways"}
)

type clients struct {
	typed   kubernetes.Interface
	dynamic dynamic.Interface
}

func newClients(kubeconfig string) (clients, error) {
	config, err := clientConfig(kubeconfig)
	if err != nil {
		return clients{}, err
	}
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return clients{}, err
	}
	untyped, err := dynamic.NewForConfig(config)
	return clients{typed: typed, dynamic: untyped}, err
}

func clientConfig(kubeconfig string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // the client's own pacing would delay what a test measures
	return config, nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
