package kube

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
	"nodrop/scenario/kube/asm"
)

// TestASMScales checks that preflight reports replicas that replicaCount does
// not set.
func TestASMScales(t *testing.T) {
	t.Parallel()
	a := access(t)
	for name, tt := range map[string]struct{ annotations, spec, want string }{
		"ours":   {spec: "minReplicas: 1, maxReplicas: 5"},
		"auto":   {spec: "autoscaleEnabled: true, minReplicas: 2, maxReplicas: 9", want: "spec.autoscaleEnabled: its autoscaler (2 to 9 replicas) would revert the change"},
		"theirs": {annotations: asm.Replicas + ": 'false'", want: "scale Deployment istio-theirs in the data plane"},
	} {
		apply(t, a, fmt.Sprintf("{apiVersion: istio.alibabacloud.com/v1beta1, kind: IstioGateway, metadata: {name: %s, annotations: {%s}}, spec: {gatewayType: ingress, replicaCount: 0, %s}}", name, tt.annotations, tt.spec))
		scale := &Scale{Access: a, Object: api.Ref{Kind: "istiogateways.istio.alibabacloud.com", Name: name}, Replicas: 1, Pods: api.Pods{Selector: "istio=" + name}}
		err := (&Preflight{Actions: []scenario.Action{scale}}).Run(bounded(t), nil)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v; want %q", name, err, tt.want)
		}
	}
}

// TestGraceful enables and disables graceful shutdown in both ways; from 1.26
// on, that restarts the gateway and Graceful waits, before 1.26 it does not.
func TestGraceful(t *testing.T) {
	t.Parallel()
	for name, restarts := range map[string]bool{"1.25": false, "1.26": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := access(t)
			apply(t, a, `
apiVersion: istio.alibabacloud.com/v1beta1
kind: IstioGateway
metadata: {name: ingressgateway, labels: {nodrop.test/asm-version: "`+name+`"}}
spec: {gatewayType: ingress, replicaCount: 2}
`)
			pods := func() []string {
				c, err := a.Open()
				if err != nil {
					t.Fatal(err)
				}
				list, _ := api.PodSet{Cluster: c, Selector: "istio=ingressgateway"}.Staying(bounded(t))
				var names []string
				for _, pod := range list {
					names = append(names, pod.GetName())
				}
				return names
			}
			await(t, "the gateway is there", func() bool { return len(pods()) == 2 })
			version, err := asm.ParseVersion(name)
			if err != nil {
				t.Fatal(err)
			}
			g := &Graceful{Access: a, Gateway: "ingressgateway", Drain: 10 * time.Second} // the version is detected
			before := pods()
			run(t, g)
			after := pods()
			kept := slices.ContainsFunc(before, func(name string) bool { return slices.Contains(after, name) })
			if kept == restarts {
				t.Errorf("pods %v, then %v; restarted is wanted: %v", before, after, restarts)
			}
			path := []string{"metadata", "annotations", asm.DrainTimeout}
			if !restarts {
				path = []string{"spec", "serviceAnnotations", asm.DrainSeconds}
			}
			if got := api.Text(read(t, a, g.ref()), path...); got != "10" {
				t.Errorf("the annotation is %q; want 10", got)
			}
			undo(t, g)
			if got, is := api.At(read(t, a, g.ref()), path...); is {
				t.Errorf("the annotation is %v after the undo", got)
			}
			scale := &Scale{Access: a, Object: g.ref(), Replicas: 1, Pods: api.Pods{Selector: "istio=ingressgateway"}}
			run(t, scale)
			if n := len(pods()); n != 1 {
				t.Errorf("%d pods; want 1", n)
			}
			undo(t, scale)
			if n := api.Number(read(t, a, g.ref()), "spec", "replicaCount"); n != 2 {
				t.Errorf("replicaCount %d; want 2", n)
			}
			tooLong := &Graceful{Access: a, Gateway: "ingressgateway", Drain: 891 * time.Second, Version: version}
			if err := tooLong.Run(bounded(t), nil); err == nil || !strings.Contains(err.Error(), "a drain timeout of 891 s") {
				t.Errorf("got %v", err)
			}
		})
	}
}
