package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/dynamic"
	_ "k8s.io/client-go/plugin/pkg/client/auth/oidc" // which kubectl takes, too
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"nodrop/loadgen"
)

// Access says which cluster, as kubectl's flags do. The zero value is what
// kubectl takes without any. Actions of one cluster share one.
type Access struct {
	Kubeconfig string // path; "" is $KUBECONFIG, ~/.kube/config or, in a pod, its service account
	Context    string // "" is the current one
	Namespace  string // "" is the context's

	mu      sync.Mutex // guards cluster
	cluster *Cluster
}

// Cluster is one context of a kubeconfig.
type Cluster struct {
	Context   string // "" in a pod, where there is none
	Server    string
	Namespace string // for what names none

	dynamic dynamic.Interface
	raw     rest.Interface

	mu        sync.Mutex // guards resources
	resources []resource // of the groups that were looked at
	groups    []string   // paths of groups not looked at yet, in order; nil before the first
}

// requestTime bounds one request to the API server.
const requestTime = 30 * time.Second

// Open reads the kubeconfig, once: what is the current context then stays it. It
// asks the cluster nothing.
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

// object finds an object of the cluster.
func (a *Access) object(ctx context.Context, ref Ref) (*object, error) {
	c, err := a.Open()
	if err != nil {
		return nil, err
	}
	return c.object(ctx, ref)
}

// open needs the lock.
func (a *Access) open() (*Cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = a.Kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: a.Context, Context: clientcmdapi.Context{Namespace: a.Namespace}}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	config, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, &loadgen.HintError{Problem: "kubernetes: no cluster is configured", Hint: "KUBECONFIG, or --kubeconfig FILE"}
	}
	if err != nil {
		return nil, fmt.Errorf("kubernetes: %w", oneLine(err))
	}
	config.UserAgent = "nodrop/" + loadgen.Version
	config.QPS, config.Burst = -1, -1 // what is asked is little, and in time
	config.WarningHandler = rest.NoWarnings{}
	c := &Cluster{Context: a.Context, Server: config.Host}
	if c.Context == "" {
		if raw, err := loader.RawConfig(); err == nil {
			c.Context = raw.CurrentContext
		}
	}
	if c.Namespace, _, err = loader.Namespace(); err != nil {
		return nil, fmt.Errorf("kubernetes: %w", oneLine(err))
	}
	if c.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("kubernetes: %w", oneLine(err))
	}
	plain := rest.CopyConfig(config)
	plain.GroupVersion = &schema.GroupVersion{}
	plain.NegotiatedSerializer = noSerializer{}
	if c.raw, err = rest.UnversionedRESTClientFor(plain); err != nil {
		return nil, fmt.Errorf("kubernetes: %w", oneLine(err))
	}
	return c, nil
}

// String names it for people.
func (c *Cluster) String() string {
	if c.Context == "" {
		return "cluster " + c.Server
	}
	return "context " + c.Context
}

// resource is one kind of object.
type resource struct {
	gvr        schema.GroupVersionResource
	kind       string
	names      []string // by which people call it, in lower case
	namespaced bool
	scales     bool // it has a scale subresource
}

// find looks a word up as kubectl does: a plural, singular or short name, or a
// kind, with its group behind a dot where several have it.
func (c *Cluster) find(ctx context.Context, word string) (resource, error) {
	name, group, _ := strings.Cut(strings.ToLower(word), ".")
	c.mu.Lock()
	defer c.mu.Unlock()
	anew := c.groups == nil
	for {
		for _, r := range c.resources {
			if slices.Contains(r.names, name) && (group == "" || group == r.gvr.Group) {
				return r, nil
			}
		}
		more, err := c.discover(ctx)
		switch {
		case err != nil:
			return resource{}, err
		case more:
		case anew:
			return resource{}, fmt.Errorf("%s: the server has no resource %q", c, word)
		default: // it may have come since, by a manifest that was applied
			anew, c.groups, c.resources = true, nil, nil
		}
	}
}

// discover looks at the next group, and reports false when there is none. It
// needs the lock.
func (c *Cluster) discover(ctx context.Context) (bool, error) {
	if c.groups == nil {
		var list metav1.APIGroupList
		if err := c.get(ctx, "/apis", &list); err != nil {
			return false, err
		}
		c.groups = []string{"/api/v1"}
		for _, g := range list.Groups {
			for _, v := range served(g) {
				c.groups = append(c.groups, "/apis/"+v)
			}
		}
	}
	if len(c.groups) == 0 {
		return false, nil
	}
	path := c.groups[0]
	var list metav1.APIResourceList
	if err := c.get(ctx, path, &list); err != nil && !apierrors.IsNotFound(err) && !apierrors.IsServiceUnavailable(err) {
		return false, err
	}
	c.groups = c.groups[1:]
	version, err := schema.ParseGroupVersion(list.GroupVersion)
	if err != nil {
		return false, fmt.Errorf("%s: %s: %w", c, path, err)
	}
	for _, r := range list.APIResources {
		parent, sub, isSub := strings.Cut(r.Name, "/")
		if isSub {
			if i := slices.IndexFunc(c.resources, func(o resource) bool { return o.gvr == version.WithResource(parent) }); i >= 0 && sub == "scale" {
				c.resources[i].scales = true
			}
			continue
		}
		names := append([]string{r.Name, strings.ToLower(r.Kind)}, r.ShortNames...)
		if r.SingularName != "" {
			names = append(names, r.SingularName)
		}
		c.resources = append(c.resources, resource{gvr: version.WithResource(r.Name), kind: r.Kind, names: names, namespaced: r.Namespaced})
	}
	return true, nil
}

// served are a group's versions, the preferred one first.
func served(g metav1.APIGroup) []string {
	list := []string{g.PreferredVersion.GroupVersion}
	for _, v := range g.Versions {
		if !slices.Contains(list, v.GroupVersion) {
			list = append(list, v.GroupVersion)
		}
	}
	return list
}

// get reads a path of the API.
func (c *Cluster) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	text, err := c.raw.Get().AbsPath(path).SetHeader("Accept", "application/json").Do(ctx).Raw()
	if err != nil {
		return c.explain(path, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %s: %w", c, path, err)
	}
	return nil
}

// explain says whose error it is, in one line.
func (c *Cluster) explain(what string, err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return &silentError{fmt.Sprintf("%s: %s: the API server does not answer", c, what)}
	}
	return fmt.Errorf("%s: %s: %w", c, what, oneLine(err))
}

// silentError is context.DeadlineExceeded of one request, in words.
type silentError struct{ text string }

func (e *silentError) Error() string { return e.text }
func (e *silentError) Unwrap() error { return context.DeadlineExceeded }

// lineError is an error whose text is one line.
type lineError struct{ error }

func (e lineError) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }
func (e lineError) Unwrap() error { return e.error }

func oneLine(err error) error { return lineError{err} }

// away reports that the API server could not be asked, rather than that it said
// no: it may be back soon.
func away(err error) bool {
	var network *net.OpError // dialling, reading, writing, and looking a name up for that
	return errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) || utilnet.IsProbableEOF(err) || utilnet.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsTooManyRequests(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsInternalError(err) || strings.Contains(err.Error(), "http2: ")
}

// refused reports that the API server said no: what was asked of it is not done.
func refused(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	code := status.Status().Code
	return code >= 400 && code < 500 && code != http.StatusRequestTimeout
}

// again is how long an API server that is away is left alone.
const again = 500 * time.Millisecond

// persist does what is asked until the API server has answered, or ctx ends.
func persist(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || !away(err) {
			return err
		}
		if pauseFor(ctx, again) != nil {
			return err
		}
	}
}

func pauseFor(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
