package fix

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"nodrop/scenario"
	"nodrop/scenario/kube"
	"nodrop/scenario/kube/api"
	"nodrop/scenario/kube/asm"
)

// gateway is ASM's IstioGateway.
type gateway struct {
	object *api.Object
	// graceful has what is known of the gateway: its pods, and perhaps its version.
	graceful kube.Graceful
}

// newGateway takes what the event says of the gateway.
func newGateway(event scenario.Variant, o *api.Object, t *kube.Target) *gateway {
	g := &gateway{object: o, graceful: kube.Graceful{Access: t.Access, Gateway: o.Name, Pods: t.Pods}}
	for _, action := range event.Setup {
		if own, ok := action.(*kube.Graceful); ok && own.Gateway == o.Name {
			g.graceful = kube.Graceful{Access: own.Access, Gateway: own.Gateway, Version: own.Version, Pods: own.Pods, Timeout: own.Timeout}
		}
	}
	return g
}

func (g *gateway) with(drain time.Duration) *kube.Graceful {
	return &kube.Graceful{
		Access: g.graceful.Access, Gateway: g.graceful.Gateway, Drain: drain,
		Version: g.graceful.Version, Pods: g.graceful.Pods, Timeout: g.graceful.Timeout,
	}
}

func (g *gateway) amend(ctx context.Context, w *wishes) (c *amended, why string, err error) {
	version, err := g.with(0).FindVersion(ctx)
	if err != nil {
		return nil, "", err
	}
	g.graceful.Version = version
	o, now, _, err := g.with(0).Patch(ctx)
	if err != nil {
		return nil, "", err
	}
	drain, why := drainFor(now, version, w)
	if why != "" {
		return nil, why, nil
	}
	patch := api.Merging(asm.Patch(drain, version))
	after := merged(now, patch.Fields)
	c = &amended{
		words: fmt.Sprintf("drain timeout %d s", drain/time.Second),
		actions: func() []scenario.Action {
			return []scenario.Action{g.with(drain)}
		},
	}
	if c.diff, err = diffOf("istiogateway/"+g.object.Name, gatewayView(now), gatewayView(after)); err != nil {
		return nil, "", err
	}
	if c.patch, err = g.file(now, patch); err != nil {
		return nil, "", err
	}
	c.refused, err = refusal(ctx, o, patch)
	return c, "", err
}

// drainFor returns the drain timeout that is wished for a gateway. If there is
// none that it can have, why says so.
func drainFor(now map[string]any, v asm.Version, w *wishes) (drain time.Duration, why string) {
	seconds := w.drainOld
	if v.Annotates() {
		seconds = w.drainNew
	}
	drain = time.Duration(seconds) * time.Second
	switch {
	case seconds == 0:
		return 0, fmt.Sprintf("no drain timeout that ASM %d.%d accepts is long enough", v.Major, v.Minor)
	case drainOf(now, v) >= seconds:
		return 0, "what would help is set already"
	}
	for _, err := range []error{asm.CheckDrainOf(drain, v, asm.ServiceType(now)), asm.CheckGrace(now, drain)} {
		if err != nil {
			return 0, err.Error()
		}
	}
	return drain, ""
}

// drainOf returns the drain timeout in force, in seconds; 0 if there is none.
func drainOf(gateway map[string]any, v asm.Version) int64 {
	text := api.Text(gateway, "metadata", "annotations", asm.DrainTimeout)
	if !v.Annotates() {
		if api.Text(gateway, "spec", "serviceAnnotations", asm.Drain) != "on" {
			return 0
		}
		text = api.Text(gateway, "spec", "serviceAnnotations", asm.DrainSeconds)
	}
	seconds, _ := strconv.ParseInt(text, 10, 64) // 0 if it is no number
	return seconds
}

// merged returns an object with the values of a merge patch that sets strings
// only.
func merged(object, patch map[string]any) map[string]any {
	after := runtime.DeepCopyJSON(object)
	for _, path := range api.Paths(patch, nil) {
		value, _ := api.At(patch, path...)
		api.Set(after, value, path...)
	}
	return after
}

// file is the change as a merge patch.
func (g *gateway) file(now map[string]any, patch api.Patching) (string, error) {
	fields := merged(map[string]any{
		"apiVersion": api.Text(now, "apiVersion"), "kind": "IstioGateway", "metadata": map[string]any{"name": g.object.Name},
	}, patch.Fields)
	text, err := inYAML(fields)
	return fmt.Sprintf("# kubectl patch istiogateway %s --type merge --patch-file FILE, or a patch of a kustomization\n", g.object.Name) + text, err
}

// gatewayView returns the parts of an IstioGateway that graceful shutdown is
// about.
func gatewayView(object map[string]any) map[string]any {
	view := map[string]any{}
	for _, path := range [][]string{
		{"metadata", "annotations", asm.DrainTimeout},
		{"spec", "serviceAnnotations", asm.Drain},
		{"spec", "serviceAnnotations", asm.DrainSeconds},
		{"spec", "terminationGracePeriodSeconds"},
	} {
		if value, is := api.At(object, path...); is {
			api.Set(view, value, path...)
		}
	}
	return view
}
