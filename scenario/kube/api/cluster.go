package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// Cluster is one context of a kubeconfig.
type Cluster struct {
	Context   string // "" in a pod, which has no context
	Server    string
	Namespace string // for objects that name none

	dynamic dynamic.Interface
	raw     rest.Interface

	mu        sync.Mutex // guards resources
	resources []resource // of the groups discovered so far
	groups    []string   // paths of groups still to discover, in order; nil before the first discovery
}

// RequestTime bounds one request to the API server.
const RequestTime = 30 * time.Second

// String names the cluster in messages.
func (c *Cluster) String() string {
	if c.Context == "" {
		return "cluster " + c.Server
	}
	return "context " + c.Context
}

type resource struct {
	GVR        schema.GroupVersionResource
	Kind       string
	names      []string // plural, singular, short names and kind, in lower case
	Namespaced bool
	Scales     bool // it has a scale subresource
}

// find resolves a word as kubectl does: a plural, singular or short name or a
// kind, followed by a dot and the group where several groups have it.
func (c *Cluster) find(ctx context.Context, word string) (resource, error) {
	name, group, _ := strings.Cut(strings.ToLower(word), ".")
	c.mu.Lock()
	defer c.mu.Unlock()
	anew := c.groups == nil
	for {
		for _, r := range c.resources {
			if slices.Contains(r.names, name) && (group == "" || group == r.GVR.Group) {
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
		default: // a manifest applied since may have created it
			anew, c.groups, c.resources = true, nil, nil
		}
	}
}

// discover reads the next API group and reports false when none is left. It
// requires c.mu to be held.
func (c *Cluster) discover(ctx context.Context) (bool, error) {
	if c.groups == nil {
		var list metav1.APIGroupList
		if err := c.Get(ctx, "/apis", &list); err != nil {
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
	if err := c.Get(ctx, path, &list); err != nil && !apierrors.IsNotFound(err) && !apierrors.IsServiceUnavailable(err) {
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
			if i := slices.IndexFunc(c.resources, func(o resource) bool { return o.GVR == version.WithResource(parent) }); i >= 0 && sub == "scale" {
				c.resources[i].Scales = true
			}
			continue
		}
		names := append([]string{r.Name, strings.ToLower(r.Kind)}, r.ShortNames...)
		if r.SingularName != "" {
			names = append(names, r.SingularName)
		}
		c.resources = append(c.resources, resource{GVR: version.WithResource(r.Name), Kind: r.Kind, names: names, Namespaced: r.Namespaced})
	}
	return true, nil
}

// served returns a group's versions, the preferred one first.
func served(g metav1.APIGroup) []string {
	list := []string{g.PreferredVersion.GroupVersion}
	for _, v := range g.Versions {
		if !slices.Contains(list, v.GroupVersion) {
			list = append(list, v.GroupVersion)
		}
	}
	return list
}

// Get reads a path of the API.
func (c *Cluster) Get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, RequestTime)
	defer cancel()
	text, err := c.raw.Get().AbsPath(path).SetHeader("Accept", "application/json").Do(ctx).Raw()
	if err != nil {
		return c.Explain(path, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %s: %w", c, path, err)
	}
	return nil
}

// Explain adds the cluster and the object to an error, in one line.
func (c *Cluster) Explain(what string, err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return &silentError{fmt.Sprintf("%s: %s: the API server does not respond", c, what)}
	}
	return fmt.Errorf("%s: %s: %w", c, what, OneLine(err))
}
