// Package fix changes what loses requests in a cluster: the pre-stop hooks, the
// grace period and the rollout strategy of a workload, or the graceful shutdown
// of ASM's IstioGateway.
//
// The pipeline: the pods that an event takes away → the object that they belong
// to → what findings advise, as data → the object with that → a patch, and its
// diff. Package kube applies the patch, and undoes it.
//
// The invariant: finding a fix sends no request that changes anything. What the
// API server would refuse is found out by a dry run.
package fix

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/kube"
	"nodrop/scenario/kube/api"
	"nodrop/scenario/prove"
)

// For returns what can change the object whose pods an event takes away. It sends
// no request.
func For(event scenario.Variant) (*Fixer, error) {
	targets := kube.Touched(&event)
	if len(targets) == 0 {
		return nil, &misuse.Error{
			Problem: "prove: no step takes pods of a cluster away, so nodrop knows nothing that it could change",
			Hint:    "nodrop scenario run runs the file; nodrop lab --prove needs no cluster",
		}
	}
	return &Fixer{event: event, targets: targets}, nil
}

// Fixer changes the one object whose pods an event takes away.
type Fixer struct {
	event   scenario.Variant
	targets []kube.Target
	object  object // nil until then
}

// Look finds the object, if it is there: before the event, which may take away the
// pods that show it. What keeps it from being found is said when it is needed.
func (f *Fixer) Look(ctx context.Context) {
	if found, why, err := find(ctx, f.event, f.targets); err == nil && why == "" {
		f.object = found
	}
}

// object is what can be changed.
type object interface {
	// amend returns the object as it is, and with what is wished. If that changes
	// nothing, why says so.
	amend(ctx context.Context, w *wishes) (c *amended, why string, err error)
}

// amended is a change of an object.
type amended struct {
	words   string
	diff    string
	patch   string
	refused string                   // why it cannot be made
	actions func() []scenario.Action // the first makes the change, others wait for what it does
}

// Fix returns the change of the object against all of these findings.
func (f *Fixer) Fix(ctx context.Context, findings []record.Finding) (fix *prove.Fix, why string, err error) {
	w := &wishes{}
	for i := range findings {
		if !w.take(findings[i].Remedies) && i == len(findings)-1 {
			return nil, "no setting that nodrop can change helps against it", nil
		}
	}
	if f.object == nil {
		if f.object, why, err = find(ctx, f.event, f.targets); err != nil || why != "" {
			return nil, why, err
		}
	}
	c, why, err := f.object.amend(ctx, w)
	if err != nil || why != "" {
		return nil, why, err
	}
	fix = &prove.Fix{
		Words: c.words, Diff: c.diff, Patch: c.patch, Refused: c.refused,
		Variant: kube.Amended(f.event, c.actions()...),
		Again:   settled(f.event, c.actions()[1:]),
		Keep:    c.actions()[0],
	}
	return fix, "", nil
}

// settled returns the event as it is, once a change was undone: only the pods
// without it are what the event is to take away.
func settled(event scenario.Variant, waits []scenario.Action) scenario.Variant {
	event.Setup = slices.Concat(waits, event.Setup)
	return event
}

// refusal says why a patch cannot be made: a permission is missing, or the API
// server would refuse it. It is "" if nothing is known against it.
func refusal(ctx context.Context, o *api.Object, patch api.Patching) (string, error) {
	allowed, err := o.May(ctx, "patch", "")
	if err != nil {
		return "", err
	}
	if !allowed {
		return fmt.Sprintf("missing permissions in namespace %s: patch %s", o.Namespace, o.Resource.GVR.Resource), nil
	}
	_, err = o.Try(ctx, patch)
	switch {
	case err == nil:
		return "", nil
	case apierrors.IsBadRequest(err) && strings.Contains(err.Error(), "dry run"): // of a webhook that has side effects
		return "", nil
	case api.Refused(err):
		return err.Error(), nil
	}
	return "", err
}
