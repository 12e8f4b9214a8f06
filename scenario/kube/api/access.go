package api

import (
	"context"
	"fmt"
	"os"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	_ "k8s.io/client-go/plugin/pkg/client/auth/oidc" // kubectl supports it, too
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"nodrop/loadgen"
	"nodrop/loadgen/misuse"
)

// Access selects a cluster as kubectl's flags do. The zero value selects what
// kubectl uses without flags. Actions on one cluster share one Access.
type Access struct {
	Kubeconfig string // path; "" means $KUBECONFIG, ~/.kube/config or, in a pod, its service account
	Context    string // "" means the current context
	Namespace  string // "" means the context's namespace

	mu      sync.Mutex // guards cluster
	cluster *Cluster
}

// Open reads the kubeconfig once, so a later change of the current context has
// no effect. It sends no request to the cluster.
func (a *Access) Open() (*Cluster, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cluster == nil {
		var err error
		if a.cluster, err = a.open(); err != nil {
			return nil, err
		}
	}
	return a.cluster, nil
}

// Object returns a handle for an object of the cluster.
func (a *Access) Object(ctx context.Context, ref Ref) (*Object, error) {
	c, err := a.Open()
	if err != nil {
		return nil, err
	}
	return c.Object(ctx, ref)
}

// empty is the error where no kubeconfig has a cluster.
func (a *Access) empty() error {
	variable := clientcmd.RecommendedConfigPathEnvVar
	switch {
	case a.Kubeconfig != "":
		return fmt.Errorf("kubernetes: no cluster is configured in %s", a.Kubeconfig)
	case os.Getenv(variable) != "":
		return fmt.Errorf("kubernetes: no cluster is configured in %s=%s", variable, os.Getenv(variable))
	}
	return &misuse.Error{Problem: "kubernetes: no cluster is configured", Hint: "set KUBECONFIG, or give --kubeconfig FILE"}
}

// open requires a.mu to be held.
func (a *Access) open() (*Cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = a.Kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: a.Context, Context: clientcmdapi.Context{Namespace: a.Namespace}}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	config, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, a.empty()
	}
	if err != nil {
		return nil, fmt.Errorf("kubernetes: %w", OneLine(err))
	}
	config.UserAgent = "nodrop/" + loadgen.Version
	config.QPS, config.Burst = -1, -1 // no client-side rate limit: requests are few, and their timing matters
	config.WarningHandler = rest.NoWarnings{}
	c := &Cluster{Context: a.Context, Server: config.Host}
	if c.Context == "" {
		if raw, err := loader.RawConfig(); err == nil {
			c.Context = raw.CurrentContext
		}
	}
	if c.Namespace, _, err = loader.Namespace(); err != nil {
		return nil, fmt.Errorf("kubernetes: %w", OneLine(err))
	}
	if c.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("kubernetes: %w", OneLine(err))
	}
	plain := rest.CopyConfig(config)
	plain.GroupVersion = &schema.GroupVersion{}
	plain.NegotiatedSerializer = noSerializer{}
	if c.raw, err = rest.UnversionedRESTClientFor(plain); err != nil {
		return nil, fmt.Errorf("kubernetes: %w", OneLine(err))
	}
	return c, nil
}
