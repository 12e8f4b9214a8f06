package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"nodrop/loadgen/misuse"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
	"nodrop/scenario/kube/asm"
)

// planned is one operation that an action will perform.
type planned struct {
	access *api.Access
	object api.Ref // Name is "" for all objects of a kind
	what   string  // for messages; "" for a read-only operation
	needs  []need
	makes  []need                                                             // also needed if the object does not exist
	comes  bool                                                               // the object need not exist yet
	check  func(ctx context.Context, o *api.Object, now map[string]any) error // checks the existing object; now is nil if there is none
	// namespace is set by a manifest; "" means that of the access.
	namespace  string
	everywhere bool // in all namespaces
	asIs       bool // check only an object that no manifest changes before
}

// need is a verb on an object, or on one of its subresources.
type need struct{ verb, sub string }

// Announce lists what an action will change and where, one line each; nothing
// for an action that changes nothing in a cluster. It sends no request.
func Announce(a scenario.Action) ([]string, error) {
	p, ok := a.(planner)
	if !ok {
		return nil, nil
	}
	var lines []string
	for _, one := range p.plan() {
		c, err := one.access.Open()
		if err != nil {
			return nil, err
		}
		if one.what == "" {
			continue
		}
		object := one.object.String()
		if one.object.Name == "" {
			object = one.object.Kind
		}
		where := fmt.Sprintf("%s, namespace %s", c, cmp.Or(one.namespace, c.Namespace))
		if one.everywhere {
			where = c.String()
		}
		lines = append(lines, fmt.Sprintf("%s, %s: %s", where, object, one.what))
	}
	return lines, nil
}

// Preflight finds, before any change, what would make actions fail: missing
// objects, missing permissions, and autoscalers that would revert a number of
// replicas.
type Preflight struct{ Actions []scenario.Action }

// Run makes all checks and reports every problem.
func (p *Preflight) Run(ctx context.Context, _ *scenario.Env) error {
	var faults []error
	add := func(err error) {
		if err != nil && !slices.ContainsFunc(faults, func(known error) bool { return known.Error() == err.Error() }) {
			faults = append(faults, err)
		}
	}
	b := brought{objects: map[identity]bool{}, kinds: map[string]bool{}, terms: termsOf(p.Actions)}
	for _, action := range p.Actions {
		if a, ok := action.(bringer); ok {
			for _, err := range a.bring(ctx, &b) {
				add(err)
			}
		}
	}
	for _, action := range p.Actions {
		one, ok := action.(planner)
		if !ok {
			continue
		}
		for _, planned := range one.plan() {
			add(planned.examine(ctx, &b))
		}
	}
	return scenario.Joined(faults...)
}

// Check makes the checks of a preflight among the setups of variants, which
// Prepare has put there, before anything runs and before anybody is asked.
func Check(ctx context.Context, variants []scenario.Variant) error {
	for _, v := range variants {
		for _, action := range v.Setup {
			if p, ok := action.(*Preflight); ok { // the same in all variants
				return misused(ctx, p.Run(ctx, nil))
			}
		}
	}
	return nil
}

// misused says what to do about what a preflight found.
func misused(ctx context.Context, err error) error {
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case api.Away(err):
		return &misuse.Error{Problem: err.Error(), Hint: "nothing was changed; kubectl version shows whether the cluster responds"}
	default:
		hint := "nothing was changed"
		if known, ok := errors.AsType[*misuse.Error](err); ok {
			hint += "; " + known.Hint
		}
		return &misuse.Error{Problem: err.Error(), Hint: hint}
	}
}

// Undo does nothing: nothing was changed.
func (p *Preflight) Undo(context.Context) error { return nil }

// brought records what actions apply.
type brought struct {
	objects map[identity]bool
	kinds   map[string]bool // custom resources, by plural, singular and kind, in lower case
	terms   asm.Terms       // that apply to the manifests
}

func termsOf(actions []scenario.Action) asm.Terms {
	var terms asm.Terms
	for _, action := range actions {
		if a, ok := action.(asmTeller); ok {
			a.explainASM(&terms)
		}
	}
	return terms
}

// identity identifies an object across clusters.
type identity struct{ server, group, kind, namespace, name string }

func identityOf(o *api.Object) identity {
	return identity{o.Cluster.Server, o.Resource.GVR.Group, o.Resource.Kind, o.Namespace, o.Name}
}

func (b *brought) take(ctx context.Context, a *Apply, manifest map[string]any) error {
	if api.Text(manifest, "kind") == "CustomResourceDefinition" {
		names, _ := api.At(manifest, "spec", "names")
		fields, _ := names.(map[string]any)
		for _, name := range []string{"plural", "singular", "kind"} {
			b.kinds[strings.ToLower(api.Text(fields, name))] = true
		}
	}
	o, err := a.objectOf(ctx, manifest)
	if err == nil {
		b.objects[identityOf(o)] = true
	}
	if b.has(api.RefOf(manifest).Kind) {
		return nil
	}
	return err
}

// has reports a kind that a manifest defines; a group in kind is ignored.
func (b *brought) has(kind string) bool {
	name, _, _ := strings.Cut(strings.ToLower(kind), ".")
	return b.kinds[name]
}

// examine checks the permissions and that the object exists, unless it will be
// created first.
func (p *planned) examine(ctx context.Context, b *brought) error {
	o, err := p.access.Object(ctx, p.object)
	if err != nil {
		if b.has(p.object.Kind) {
			return nil
		}
		return err
	}
	switch {
	case p.everywhere:
		o.Namespace = ""
	case p.namespace != "" && o.Resource.Namespaced:
		o.Namespace = p.namespace
	}
	needs := slices.Clone(p.needs)
	var now map[string]any
	if p.object.Name != "" {
		now, err = o.Get(ctx)
		switch {
		case err == nil:
		case apierrors.IsForbidden(err):
			return cmp.Or(allowed(ctx, o, needs), err)
		case !apierrors.IsNotFound(err):
			return err
		case p.makes != nil:
			needs = append(needs, p.makes...)
		case !p.comes && !b.objects[identityOf(o)]:
			return err
		}
	}
	if err := allowed(ctx, o, needs); err != nil {
		return err
	}
	if p.check == nil || p.asIs && b.objects[identityOf(o)] {
		return nil
	}
	return p.check(ctx, o, now)
}

// allowed checks permissions and names those that are missing.
func allowed(ctx context.Context, o *api.Object, needs []need) error {
	var missing []string
	for _, n := range needs {
		if n.sub == "scale" && !o.Resource.Scales { // without the subresource, the object itself is patched
			n.sub = ""
		}
		allowed, err := o.May(ctx, n.verb, n.sub)
		if err != nil {
			return err
		}
		if !allowed {
			missing = append(missing, strings.TrimSuffix(n.verb+" "+o.Resource.GVR.Resource+"/"+n.sub, "/"))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	where := "in namespace " + o.Namespace
	if o.Namespace == "" {
		where = "in the cluster"
	}
	return fmt.Errorf("%s: missing permissions %s: %s", o.Cluster, where, strings.Join(missing, ", "))
}

func (p *Preflight) String() string { return "check the cluster before any change" }

// listsPods returns the permission needed to wait for pods.
func listsPods(p api.Pods, a *api.Access) planned {
	return planned{access: p.Or(a), object: api.Ref{Kind: "pods"}, needs: []need{{"list", ""}}}
}
