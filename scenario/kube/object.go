package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// Ref names an object as kubectl does: deployment/gateway.
type Ref struct {
	Kind string // with its group behind a dot, where it is needed
	Name string
}

// ParseRef reads KIND/NAME.
func ParseRef(text string) (Ref, error) {
	kind, name, ok := strings.Cut(text, "/")
	if !ok || kind == "" || name == "" || strings.Contains(name, "/") {
		return Ref{}, fmt.Errorf("%q: want KIND/NAME, such as deployment/gateway", text)
	}
	return Ref{Kind: kind, Name: name}, nil
}

func (r Ref) String() string { return r.Kind + "/" + r.Name }

// object is one in a cluster.
type object struct {
	cluster   *Cluster
	resource  resource
	namespace string // "" for those of the whole cluster
	name      string
}

// object finds the resource; it does not ask whether the object is there.
func (c *Cluster) object(ctx context.Context, ref Ref) (*object, error) {
	r, err := c.find(ctx, ref.Kind)
	if err != nil {
		return nil, err
	}
	o := &object{cluster: c, resource: r, name: ref.Name}
	if r.namespaced {
		o.namespace = c.Namespace
	}
	return o, nil
}

// String names it for people: deployment gateway in namespace default, context x.
func (o *object) String() string {
	text := strings.ToLower(o.resource.kind) + "/" + o.name
	if o.namespace != "" {
		text += " in namespace " + o.namespace
	}
	return text
}

func (o *object) client() dynamic.ResourceInterface {
	r := o.cluster.dynamic.Resource(o.resource.gvr)
	if o.namespace != "" {
		return r.Namespace(o.namespace)
	}
	return r
}

// get reads it, or one of its subresources.
func (o *object) get(ctx context.Context, sub ...string) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	found, err := o.client().Get(ctx, o.name, metav1.GetOptions{}, sub...)
	if err != nil {
		return nil, o.cluster.explain(o.String(), err)
	}
	return found.Object, nil
}

// fieldManager is whose the fields are that we set.
const fieldManager = "nodrop"

// How the API server is to take fields that it does not know: a change that would
// change nothing is refused, what is put back is put back as far as it goes.
const (
	strictly  = metav1.FieldValidationStrict
	leniently = metav1.FieldValidationIgnore
)

// patch applies a patch, and returns what came of it.
func (o *object) patch(ctx context.Context, patch Patching, unknown string, sub ...string) (map[string]any, error) {
	kind, body := patch.body()
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	found, err := o.client().Patch(ctx, o.name, kind, text, metav1.PatchOptions{FieldManager: fieldManager, FieldValidation: unknown}, sub...)
	if err != nil {
		return nil, o.cluster.explain(o.String(), err)
	}
	return found.Object, nil
}

// may asks the API server whether we may, as kubectl auth can-i does.
func (o *object) may(ctx context.Context, verb, sub string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	attributes := map[string]any{"verb": verb, "group": o.resource.gvr.Group, "resource": o.resource.gvr.Resource, "subresource": sub}
	if verb != "create" { // which knows no names
		attributes["name"] = o.name
	}
	if o.resource.namespaced {
		attributes["namespace"] = o.namespace
	}
	review := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		"spec": map[string]any{"resourceAttributes": attributes},
	}}
	resource := schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews"}
	answer, err := o.cluster.dynamic.Resource(resource).Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, o.cluster.explain("selfsubjectaccessreview", err)
	}
	allowed, _ := at(answer.Object, "status", "allowed")
	return allowed == true, nil
}
