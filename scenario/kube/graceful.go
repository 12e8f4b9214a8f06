package kube

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
	"nodrop/scenario/kube/asm"
)

// Graceful enables or disables graceful shutdown of an IstioGateway. From ASM
// 1.26 on, this restarts the gateway and Graceful waits for the restart: use it
// between runs, never during one.
type Graceful struct {
	Access  *api.Access // to the control plane, which has the IstioGateway
	Gateway string
	Drain   time.Duration // drain timeout; 0 means off
	Version asm.Version   // the zero value means the version of its proxy
	Pods    api.Pods      // pods of the gateway in the data plane, to wait for
	Timeout time.Duration // of the restart; 0 means ten minutes

	change *change
	pods   api.PodSet
}

func (g *Graceful) ref() api.Ref {
	return api.Ref{Kind: "istiogateways.istio.alibabacloud.com", Name: g.Gateway}
}

// Run applies the setting, if it differs, and waits until the gateway is ready.
func (g *Graceful) Run(ctx context.Context, _ *scenario.Env) error {
	g.change = nil
	o, _, patch, err := g.Patch(ctx)
	if err != nil {
		return err
	}
	g.change = &change{object: o, patch: patch}
	if err := g.change.do(ctx); err != nil {
		return err
	}
	return g.settle(ctx, o, g.change.leaves)
}

// Patch returns the IstioGateway as it is now, and the patch that Run would
// apply. It refuses what ASM would not accept.
func (g *Graceful) Patch(ctx context.Context) (o *api.Object, now map[string]any, patch api.Patching, err error) {
	if o, err = g.Access.Object(ctx, g.ref()); err != nil {
		return nil, nil, patch, err
	}
	if now, err = o.Get(ctx); err != nil {
		return nil, nil, patch, err
	}
	version, err := g.FindVersion(ctx)
	if err != nil {
		return nil, nil, patch, fmt.Errorf("%s: %w", o, err)
	}
	if err := g.refused(o, now, version); err != nil {
		return nil, nil, patch, err
	}
	return o, now, api.Merging(asm.Patch(g.Drain, version)), nil
}

// refused says why a gateway would not accept the drain timeout.
func (g *Graceful) refused(o *api.Object, now map[string]any, v asm.Version) error {
	for _, err := range []error{asm.CheckDrainOf(g.Drain, v, asm.ServiceType(now)), asm.CheckGrace(now, g.Drain)} {
		if err != nil {
			return fmt.Errorf("%s: %w", o, err)
		}
	}
	return nil
}

// checkVersion checks the drain timeout before any change, if the gateway runs and
// so shows its version.
func (g *Graceful) checkVersion(ctx context.Context, o *api.Object, now map[string]any) error {
	if v, known := g.versionNow(ctx, now); known {
		if err := asm.CheckDrain(g.Drain, v); err != nil {
			return fmt.Errorf("%s: %w", o, err)
		}
	}
	return nil
}

// checkAsIs checks it against the gateway as it is, too.
func (g *Graceful) checkAsIs(ctx context.Context, o *api.Object, now map[string]any) error {
	if v, known := g.versionNow(ctx, now); known {
		return g.refused(o, now, v)
	}
	return nil
}

// versionNow returns the version, if it is known without waiting for a pod. Run
// reports why it is not.
func (g *Graceful) versionNow(ctx context.Context, now map[string]any) (v asm.Version, known bool) {
	if now == nil || g.Version != (asm.Version{}) {
		return g.Version, now != nil
	}
	set, err := g.gatewayPods()
	if err != nil {
		return v, false
	}
	pods, err := set.Staying(ctx)
	if err != nil || len(pods) == 0 {
		return v, false
	}
	v, err = versionOf(pods)
	return v, err == nil
}

// FindVersion returns the version of ASM that Graceful acts on: Version, or that
// of the gateway's proxy.
func (g *Graceful) FindVersion(ctx context.Context) (version asm.Version, err error) {
	if g.pods, err = g.gatewayPods(); err != nil || g.Version != (asm.Version{}) {
		return g.Version, err
	}
	return g.findVersion(ctx)
}

// gatewayPods returns the named pods or, by default, those with ASM's label.
func (g *Graceful) gatewayPods() (api.PodSet, error) {
	c, err := g.Pods.Or(g.Access).Open()
	if err != nil {
		return api.PodSet{}, err
	}
	selector := g.Pods.Selector
	if selector == "" {
		selector = "istio=" + g.Gateway
	}
	return api.PodSet{Cluster: c, Selector: selector}, nil
}

// settle waits for the restart that a change triggers, until the gateway has
// the wanted number of ready pods.
func (g *Graceful) settle(ctx context.Context, o *api.Object, leaves []leaf) error {
	for _, l := range leaves {
		if l.was == l.is && api.Same(l.before, l.after) {
			continue
		}
		// The restart begins once the control plane has seen the change.
		if !scenario.Sleep(ctx, asmReaction) {
			return ctx.Err()
		}
		break
	}
	return g.pods.AwaitSettled(ctx, func(ctx context.Context) (int, error) {
		now, err := o.Get(ctx)
		return max(1, int(api.Number(now, "spec", "replicaCount"))), err
	}, g.Timeout)
}

// asmReaction bounds the time from a change to the start of the restart. Until
// then, ready pods do not show that the restart is over.
const asmReaction = 3 * time.Second

// Undo restores the previous setting.
func (g *Graceful) Undo(ctx context.Context) error {
	if g.change == nil {
		return nil
	}
	leaves := g.change.leaves
	if err := g.change.undo(ctx); err != nil {
		return err
	}
	return g.settle(ctx, g.change.object, leaves)
}

func (g *Graceful) plan() []planned {
	what := "turn graceful shutdown off, then restore"
	if g.Drain > 0 {
		what = fmt.Sprintf("turn graceful shutdown on with a drain timeout of %v, then restore (from ASM 1.26 on, each change restarts the gateway)", g.Drain)
	}
	return []planned{
		{access: g.Access, object: g.ref(), what: what, needs: []need{{"get", ""}, {"patch", ""}}, check: g.checkVersion},
		{access: g.Access, object: g.ref(), comes: true, asIs: true, check: g.checkAsIs},
		{access: g.Pods.Or(g.Access), object: api.Ref{Kind: "pods"}, needs: []need{{"list", ""}}},
	}
}

func (g *Graceful) explainASM(terms *asm.Terms) { terms.Version = g.Version }

// findVersion reads the version from the image of the gateway's proxy. The
// image tag is ASM's version and a build:
// acs/proxyv2:v1.26.4.112-g0a1b2c3-aliyun. It waits for the first pod, because
// the gateway may be new.
func (g *Graceful) findVersion(ctx context.Context) (asm.Version, error) {
	var pods []unstructured.Unstructured
	err := api.Until(ctx, fmt.Sprintf("%s: ASM version not known", g.pods.Cluster), g.Timeout, func(ctx context.Context) (done bool, why string, err error) {
		pods, err = g.pods.Staying(ctx)
		return len(pods) > 0, "no pod matches " + g.pods.Selector, err
	})
	if err != nil {
		return asm.Version{}, err
	}
	return versionOf(pods)
}

// versionOf returns the version that all of these pods run.
func versionOf(pods []unstructured.Unstructured) (found asm.Version, err error) {
	for i := range pods {
		v, err := asm.ProxyVersion(pods[i].Object)
		if err == nil && found != (asm.Version{}) && v != found {
			err = fmt.Errorf("pods run both %d.%d and %d.%d", found.Major, found.Minor, v.Major, v.Minor)
		}
		if err != nil {
			return asm.Version{}, fmt.Errorf("pod %s: ASM version not known (%w): set version to %s", pods[i].GetName(), err, asm.Families)
		}
		found = v
	}
	return found, nil
}

func (g *Graceful) String() string { return "graceful shutdown of " + g.Gateway }

// Undoes says which values are restored.
func (g *Graceful) Undoes(acted bool) (what string, ends bool) {
	return g.change.undoes(acted, "restore the graceful shutdown setting of "+g.Gateway), false
}
