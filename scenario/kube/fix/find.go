package fix

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/scenario"
	"nodrop/scenario/kube"
	"nodrop/scenario/kube/api"
)

// find returns the one object that the targets' pods belong to. why says that
// there is none, or that it cannot be changed.
func find(ctx context.Context, event scenario.Variant, targets []kube.Target) (found object, why string, err error) {
	var names []string
	for i := range targets {
		owners, why, err := ownersOf(ctx, &targets[i])
		if err != nil || why != "" {
			return nil, why, err
		}
		for _, o := range owners {
			if name := o.String(); len(names) == 0 || names[0] != name {
				names = append(names, name)
				if found, why = changeable(event, o, &targets[i]); why != "" {
					return nil, why, nil
				}
			}
		}
	}
	switch len(names) {
	case 0:
		return nil, "the pods belong to no workload", nil
	case 1:
		return found, "", nil
	}
	return nil, "the pods belong to several workloads, and nodrop changes one: " + strings.Join(names, ", "), nil
}

// ownersOf returns the objects that manage the pods of a target: its own object
// or, for pods, those that have made them.
func ownersOf(ctx context.Context, t *kube.Target) (owners []*api.Object, why string, err error) {
	if t.Object.Name != "" {
		o, err := t.Access.Object(ctx, t.Object)
		if err != nil {
			return nil, "", err
		}
		if gvr := o.Resource.GVR; gvr != api.PodsResource() && gvr != api.NodesResource() {
			return one(climb(ctx, t.Access, o))
		}
	}
	sets, err := t.Resolve(ctx)
	if err != nil {
		return nil, "", err
	}
	var list []unstructured.Unstructured
	for _, set := range sets {
		pods, err := set.Staying(ctx)
		if err != nil {
			return nil, "", err
		}
		list = append(list, pods...)
	}
	seen := map[string]bool{}
	for i := range list {
		ref := metav1.GetControllerOf(&list[i])
		if ref == nil || seen[string(ref.UID)] {
			continue
		}
		seen[string(ref.UID)] = true
		parent, err := objectOf(ctx, t.Access, ref)
		if err != nil {
			return nil, "", err
		}
		list, why, err := one(climb(ctx, t.Access, parent))
		if err != nil || why != "" {
			return nil, why, err
		}
		owners = append(owners, list...)
	}
	return owners, "", nil
}

func one(o *api.Object, why string, err error) ([]*api.Object, string, error) {
	if o == nil {
		return nil, why, err
	}
	return []*api.Object{o}, why, err
}

// climb returns the object that manages o at the end: a Deployment for a
// ReplicaSet.
func climb(ctx context.Context, access *api.Access, o *api.Object) (*api.Object, string, error) {
	for {
		now, err := o.Get(ctx)
		switch {
		case apierrors.IsNotFound(err):
			return nil, fmt.Sprintf("%s does not exist between runs: change the manifest that makes it", o), nil
		case err != nil:
			return nil, "", err
		}
		ref := metav1.GetControllerOf(&unstructured.Unstructured{Object: now})
		if ref == nil {
			return o, "", nil
		}
		if o, err = objectOf(ctx, access, ref); err != nil {
			return nil, "", err
		}
	}
}

func objectOf(ctx context.Context, access *api.Access, ref *metav1.OwnerReference) (*api.Object, error) {
	kind := strings.ToLower(ref.Kind)
	if group, _, grouped := strings.Cut(ref.APIVersion, "/"); grouped {
		kind += "." + group
	}
	return access.Object(ctx, api.Ref{Kind: kind, Name: ref.Name})
}

// changeable returns an object as one that this package can change.
func changeable(event scenario.Variant, o *api.Object, t *kube.Target) (found object, why string) {
	switch o.Resource.Kind {
	case "Deployment", "StatefulSet", "DaemonSet":
		return &workload{object: o, access: t.Access}, ""
	case "IstioGateway":
		return newGateway(event, o, t), ""
	}
	return nil, fmt.Sprintf("%s manages the pods, and nodrop changes only Deployments, StatefulSets, DaemonSets and IstioGateways", o)
}
