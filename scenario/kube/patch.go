package kube

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// Patch patches one object. Undo restores each value that nobody has changed since.
type Patch struct {
	Access *api.Access
	Object api.Ref
	Patch  api.Patching
	What   string // for messages; "" means "patch" and the names of the values
	// After, if known, is the object with the patch: what Undo expects if the
	// response to the patch is lost.
	After map[string]any
	// Hand is how a person would undo it, for messages; "" means by setting each of
	// its values.
	Hand string

	change *change
}

func newPatch(s *Settings) scenario.Action {
	if err := s.Patch.Check(); err != nil {
		s.Fault("with", "with: %v", err)
	}
	return &Patch{Access: s.Access, Object: s.Object, Patch: s.Patch}
}

// newAnnotation returns a patch that sets annotations; nil deletes one. It
// refuses what the API server would refuse.
func newAnnotation(s *Settings) scenario.Action {
	annotations := s.Patch.Fields
	switch {
	case s.Patch.Operations != nil:
		s.Fault("with", "with: annotations must be a mapping")
	case len(annotations) == 0:
		s.Fault("with", "with: it changes nothing")
	}
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		if _, isText := annotations[name].(string); !isText && annotations[name] != nil {
			s.Fault("with", "with: %s: %v is not a string: quote it", name, annotations[name])
		}
	}
	patch := map[string]any{}
	api.Set(patch, annotations, "metadata", "annotations")
	return &Patch{Access: s.Access, Object: s.Object, Patch: api.Merging(patch)}
}

// Run applies the patch.
func (p *Patch) Run(ctx context.Context, _ *scenario.Env) error {
	o, err := p.Access.Object(ctx, p.Object)
	if err != nil {
		return err
	}
	p.change = &change{object: o, patch: p.Patch, expected: p.After, hand: p.Hand}
	return p.change.do(ctx)
}

// Undo restores the values that nobody has changed since.
func (p *Patch) Undo(ctx context.Context) error {
	if p.change == nil {
		return nil
	}
	return p.change.undo(ctx)
}

// rolls returns the patched object, because the patch may replace its pods.
func (p *Patch) rolls() Target { return Target{Access: p.Access, Object: p.Object} }

func (p *Patch) plan() []planned {
	what := p.What
	if what == "" {
		what = "patch " + p.Patch.Names()
	}
	return []planned{{access: p.Access, object: p.Object, what: what + ", then restore", needs: []need{{"get", ""}, {"patch", ""}}}}
}

func (p *Patch) String() string { return fmt.Sprintf("patch %s", p.Object) }

// Undoes says which values are restored.
func (p *Patch) Undoes(acted bool) (what string, ends bool) {
	return p.change.undoes(acted, "restore "+p.Patch.Names()+" of "+p.Object.String()), false
}
