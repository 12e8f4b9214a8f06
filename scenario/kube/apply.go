package kube

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
	"nodrop/scenario/kube/asm"
)

// Apply applies manifests as kubectl apply --server-side does, with our own
// field manager. Undo goes in reverse: it deletes the objects that Apply
// created, and in the others restores the values that nobody has changed since.
type Apply struct {
	Access *api.Access
	File   string // one or more documents
	// Manifests are the documents themselves, instead of a file.
	Manifests []map[string]any

	manager string // field manager; "" means api.FieldManager
	applied []*applied
}

type applied struct {
	change change
	made   types.UID // UID of the object, if we created it; "" if it existed before
	absent bool      // it did not exist before; if the response was lost, made is unknown
}

func newApply(s *Settings) scenario.Action {
	for i, manifest := range s.Manifests {
		if err := api.CheckManifest(manifest); err != nil {
			s.Fault("", "apply: manifest %d: %v", i+1, err)
		}
	}
	return &Apply{Access: s.Access, File: s.Word, Manifests: s.Manifests}
}

func (a *Apply) manifests() ([]map[string]any, error) {
	if a.File == "" {
		return a.Manifests, nil
	}
	text, err := os.ReadFile(a.File)
	if err != nil {
		return nil, err
	}
	list, err := api.ReadManifests(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.File, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: contains no manifest", a.File)
	}
	return list, nil
}

// Run applies all manifests in order.
func (a *Apply) Run(ctx context.Context, _ *scenario.Env) error {
	a.applied = nil
	list, err := a.manifests()
	if err != nil {
		return err
	}
	for _, manifest := range list {
		if err := a.apply(ctx, manifest); err != nil {
			return err
		}
	}
	return nil
}

func (a *Apply) objectOf(ctx context.Context, manifest map[string]any) (*api.Object, error) {
	o, err := a.Access.Object(ctx, api.RefOf(manifest))
	if err != nil {
		return nil, err
	}
	o.Resource.GVR.Version = (&unstructured.Unstructured{Object: manifest}).GroupVersionKind().Version // may differ from the preferred version
	if namespace := api.Text(manifest, "metadata", "namespace"); namespace != "" && o.Resource.Namespaced {
		o.Namespace = namespace
	}
	return o, nil
}

func (a *Apply) apply(ctx context.Context, manifest map[string]any) error {
	o, err := a.objectOf(ctx, manifest)
	if err != nil {
		return err
	}
	before, err := o.Present(ctx)
	if err != nil {
		return err
	}
	one := &applied{change: change{object: o}, absent: before == nil}
	for _, path := range api.Paths(manifest, nil) {
		if !ofServer(path) {
			value, _ := api.At(manifest, path...)
			one.change.leaves = append(one.change.leaves, leafOf(o, before, path, value))
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	a.applied = append(a.applied, one)
	// As with any patch, an interruption still waits for the response.
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), api.RequestTime)
	defer cancel()
	after, err := o.Client().Apply(bounded, o.Name, &unstructured.Unstructured{Object: manifest}, metav1.ApplyOptions{FieldManager: a.managing(), Force: true})
	if err != nil {
		return o.Cluster.Explain(o.String(), err)
	}
	if before == nil {
		one.made = after.GetUID()
	}
	one.change.responded(after.Object)
	if o.Resource.Kind == "CustomResourceDefinition" { // the next manifest may use its kind
		return o.Await(ctx, "condition Established not met", api.RequestTime, func(now map[string]any) (bool, string) {
			return api.HasCondition(now, "Established"), "its status is not True"
		})
	}
	return nil
}

// ofServer reports fields that identify an object or that the API server sets.
func ofServer(path []string) bool {
	switch path[0] {
	case "apiVersion", "kind", "status":
		return true
	case "metadata":
		return len(path) == 1 || slices.Contains([]string{"name", "namespace", "generateName", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"}, path[1])
	}
	return false
}

// Undo reverts the objects in reverse order and returns every error.
func (a *Apply) Undo(ctx context.Context) error {
	var all error
	for _, one := range slices.Backward(a.applied) {
		all = scenario.Joined(all, one.undo(ctx, a.managing()))
	}
	a.applied = nil
	return all
}

func (a *Apply) managing() string { return cmp.Or(a.manager, api.FieldManager) }

func (a *applied) undo(ctx context.Context, manager string) error {
	if !a.absent {
		return a.change.undo(ctx)
	}
	o := a.change.object
	err := api.Persist(ctx, func() error {
		if a.made == "" {
			made, err := a.find(ctx, manager)
			if err != nil || made == "" {
				return err
			}
			a.made = made
		}
		bounded, cancel := context.WithTimeout(ctx, api.RequestTime)
		defer cancel()
		return o.Client().Delete(bounded, o.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &a.made}})
	})
	switch {
	case a.made == "" && err == nil, apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("not restored; do this by hand: delete %s: %w", o, api.OneLine(err))
	}
	return o.AwaitGone(ctx, a.made)
}

// find returns the UID of an object whose create response was lost: one that
// did not exist before and has since been applied by our manager; "" if there
// is none.
func (a *applied) find(ctx context.Context, manager string) (types.UID, error) {
	now, err := a.change.object.Get(ctx)
	if apierrors.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, entry := range api.Items(now, "metadata", "managedFields") {
		if api.Text(entry, "manager") == manager && api.Text(entry, "operation") == string(metav1.ManagedFieldsOperationApply) {
			return api.UID(now), nil
		}
	}
	return "", nil
}

// link gives each Apply its own field manager. With a shared one, each Apply
// would remove the fields that the one before has set.
func (a *Apply) link(l *links) {
	if l.applies++; l.applies > 1 {
		a.manager = fmt.Sprintf("%s-%d", api.FieldManager, l.applies)
	}
}

func (a *Apply) bring(ctx context.Context, b *brought) (faults []error) {
	list, err := a.manifests()
	faults = append(faults, err, asm.CheckManifests(list, &b.terms))
	for _, manifest := range list {
		faults = append(faults, b.take(ctx, a, manifest))
	}
	return faults
}

func (a *Apply) plan() []planned {
	list, err := a.manifests()
	if err != nil {
		return nil // Run reports the error
	}
	var all []planned
	for _, manifest := range list {
		all = append(all, planned{
			access: a.Access, object: api.RefOf(manifest), namespace: api.Text(manifest, "metadata", "namespace"), what: "apply, then restore, or delete if it is new",
			needs: []need{{"get", ""}, {"patch", ""}}, makes: []need{{"create", ""}, {"delete", ""}},
		})
	}
	return all
}

func (a *Apply) String() string {
	if a.File == "" && len(a.Manifests) == 1 {
		return "apply 1 manifest"
	}
	return "apply " + cmp.Or(a.File, fmt.Sprintf("%d manifests", len(a.Manifests)))
}

// Undoes says which objects are deleted and which values are restored.
func (a *Apply) Undoes(acted bool) (what string, ends bool) {
	if !acted {
		return "revert " + strings.TrimPrefix(a.String(), "apply "), false
	}
	var parts []string
	for _, one := range a.applied {
		if one.absent {
			parts = append(parts, "delete "+one.change.object.String())
		} else if text := one.change.undoes(true, ""); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", "), false
}
