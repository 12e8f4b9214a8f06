package api

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

// Ref names an object as kubectl does, such as deployment/gateway.
type Ref struct {
	Kind string // followed by a dot and its group, where needed
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

// Object identifies an object in a cluster; it need not exist.
type Object struct {
	Cluster   *Cluster
	Resource  resource
	Namespace string // "" for cluster-scoped objects
	Name      string
}

// Object resolves the resource; it does not check that the object exists.
func (c *Cluster) Object(ctx context.Context, ref Ref) (*Object, error) {
	r, err := c.find(ctx, ref.Kind)
	if err != nil {
		return nil, err
	}
	o := &Object{Cluster: c, Resource: r, Name: ref.Name}
	if r.Namespaced {
		o.Namespace = c.Namespace
	}
	return o, nil
}

// String names the object in messages: deployment/gateway in namespace default.
func (o *Object) String() string {
	text := strings.ToLower(o.Resource.Kind) + "/" + o.Name
	if o.Namespace != "" {
		text += " in namespace " + o.Namespace
	}
	return text
}

// Client returns a client for objects of this kind in this namespace.
func (o *Object) Client() dynamic.ResourceInterface {
	r := o.Cluster.dynamic.Resource(o.Resource.GVR)
	if o.Namespace != "" {
		return r.Namespace(o.Namespace)
	}
	return r
}

// Get reads the object or one of its subresources.
func (o *Object) Get(ctx context.Context, sub ...string) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(ctx, RequestTime)
	defer cancel()
	found, err := o.Client().Get(ctx, o.Name, metav1.GetOptions{}, sub...)
	if err != nil {
		return nil, o.Cluster.Explain(o.String(), err)
	}
	return found.Object, nil
}

// FieldManager is the field manager of our changes.
const FieldManager = "nodrop"

// How the API server treats fields that it does not know. A change is strict:
// one that would have no effect must fail. A restore is lenient: it restores as
// much as it can.
const (
	Strictly  = metav1.FieldValidationStrict
	Leniently = metav1.FieldValidationIgnore
)

// Patch applies a patch and returns the resulting object.
func (o *Object) Patch(ctx context.Context, patch Patching, unknown string, sub ...string) (map[string]any, error) {
	return o.send(ctx, patch, metav1.PatchOptions{FieldManager: FieldManager, FieldValidation: unknown}, sub...)
}

// Try asks the API server what would come of a patch: a dry run.
func (o *Object) Try(ctx context.Context, patch Patching) (map[string]any, error) {
	return o.send(ctx, patch, metav1.PatchOptions{FieldManager: FieldManager, FieldValidation: Strictly, DryRun: []string{metav1.DryRunAll}})
}

func (o *Object) send(ctx context.Context, patch Patching, options metav1.PatchOptions, sub ...string) (map[string]any, error) {
	kind, body := patch.body()
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, RequestTime)
	defer cancel()
	found, err := o.Client().Patch(ctx, o.Name, kind, text, options, sub...)
	if err != nil {
		return nil, o.Cluster.Explain(o.String(), err)
	}
	return found.Object, nil
}

// May asks the API server whether we have a permission, as kubectl auth can-i does.
func (o *Object) May(ctx context.Context, verb, sub string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, RequestTime)
	defer cancel()
	attributes := map[string]any{"verb": verb, "group": o.Resource.GVR.Group, "resource": o.Resource.GVR.Resource, "subresource": sub}
	if verb != "create" { // create is not limited to object names
		attributes["name"] = o.Name
	}
	if o.Resource.Namespaced {
		attributes["namespace"] = o.Namespace
	}
	review := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		"spec": map[string]any{"resourceAttributes": attributes},
	}}
	resource := schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews"}
	response, err := o.Cluster.dynamic.Resource(resource).Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, o.Cluster.Explain("selfsubjectaccessreview", err)
	}
	allowed, _ := At(response.Object, "status", "allowed")
	return allowed == true, nil
}
