package kube

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
	"nodrop/scenario/kube/internal/kubetest"
	"nodrop/scenario/kube/watch"
)

func configMap() api.Ref { return api.Ref{Kind: "configmap", Name: "c"} }

// applying returns an Apply of one document.
func applying(t *testing.T, a *api.Access, manifest string) *Apply {
	t.Helper()
	return &Apply{Access: a, Manifests: []map[string]any{kubetest.Decode(t, manifest)}}
}

// TestScaleToNoneLost: the API omits a number of replicas of 0. After a lost
// response, undo still recognizes it as our change.
func TestScaleToNoneLost(t *testing.T) {
	t.Parallel()
	a := access(t)
	apply(t, a, gateways(2, "terminationGracePeriodSeconds: 1", ""))
	var hears atomic.Bool
	deaf := between(t, a, func(r *http.Request, pass func()) bool {
		pass()
		return r.Method != http.MethodPatch || hears.Load()
	})
	s := &Scale{Access: deaf, Object: gw()}
	if err := s.Run(bounded(t), nil); err == nil {
		t.Fatal("the response was lost, but Run reports success")
	}
	hears.Store(true)
	undo(t, s)
	if n := api.Number(read(t, a, gw()), "spec", "replicas"); n != 2 {
		t.Errorf("%d replicas; want 2", n)
	}
}

// TestScaleTwice checks that a scale-in and a scale-out are undone in one step,
// which removes no pod.
func TestScaleTwice(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 3, "")
	in, out := &Scale{Access: a, Object: gw(), Replicas: 1}, &Scale{Access: a, Object: gw(), Replicas: 3}
	link([]scenario.Action{in, out})
	run(t, in)
	run(t, out)
	before := podsOf(t, a)
	undo(t, out)
	undo(t, in)
	run(t, &Wait{Access: a, Object: gw(), Rollout: true})
	for i, after := range podsOf(t, a) {
		if after.GetUID() != before[i].GetUID() {
			t.Errorf("%s is gone for %s", before[i].GetName(), after.GetName())
		}
	}
}

// TestStringData: stringData of a Secret is write-only; undo restores data.
func TestStringData(t *testing.T) {
	t.Parallel()
	a := access(t)
	apply(t, a, "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {password: b2xk}}")
	ref := api.Ref{Kind: "secret", Name: "s"}
	for _, action := range []scenario.Action{
		&Patch{Access: a, Object: ref, Patch: api.Merging(map[string]any{"stringData": map[string]any{"password": "new", "other": "x"}})},
		applying(t, a, "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {password: applied}}"),
	} {
		run(t, action)
		if got := api.Text(read(t, a, ref), "data", "password"); got == "b2xk" {
			t.Errorf("%T: it is not changed", action)
		}
		undo(t, action)
		if got := api.Shown(api.At(read(t, a, ref), "data")); got != `{"password":"b2xk"}` {
			t.Errorf("%T: got %s", action, got)
		}
	}
}

// TestParents checks that undo removes the mappings that were created for a value.
func TestParents(t *testing.T) {
	t.Parallel()
	a := access(t)
	apply(t, a, gateways(0, "terminationGracePeriodSeconds: 20", ""))
	before := api.Shown(api.At(read(t, a, gw()), "spec"))
	patch := map[string]any{}
	api.Set(patch, "disk", "spec", "template", "spec", "nodeSelector", "kind")
	api.Set(patch, []any{map[string]any{"weight": 1, "preference": map[string]any{"matchFields": []any{}}}}, "spec", "template", "spec", "affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution")
	p := &Patch{Access: a, Object: gw(), Patch: api.Merging(patch)}
	run(t, p)
	undo(t, p)
	if after := api.Shown(api.At(read(t, a, gw()), "spec")); after != before {
		t.Errorf("got\n%s; want\n%s", after, before)
	}
}

// TestPrune checks that created mappings are removed, unless somebody else has
// added values.
func TestPrune(t *testing.T) {
	for now, want := range map[string]string{
		"{a: {b: {c: 1, theirs: 2}}}":                       `{"a":{"b":{"c":null}}}`,
		"{a: {b: {c: 1}, theirs: {}}}":                      `{"a":{"b":null}}`,
		"{a: {b: {c: 1, empty: {}}}, n: 12345678901234567}": `{"a":{"b":null}}`,
	} {
		back := map[string]any{}
		api.Set(back, nil, "a", "b", "c")
		prune(back, kubetest.Decode(t, now), &leaf{path: []string{"a", "b", "c"}, parents: 1})
		if got := api.Shown(back, true); got != want {
			t.Errorf("%s: got %s; want %s", now, got, want)
		}
	}
}

// TestApplyTwice applies two manifests of one object, each with its own fields.
func TestApplyTwice(t *testing.T) {
	t.Parallel()
	a := access(t)
	apply(t, a, "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {x: orig}}")
	one := applying(t, a, "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, finalizers: [nodrop.test/x]}, data: {x: one}}")
	two := applying(t, a, "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {z: two}}")
	link([]scenario.Action{one, two})
	run(t, one)
	run(t, two)
	if got := api.Shown(api.At(read(t, a, configMap()), "data")); got != `{"x":"one","z":"two"}` {
		t.Errorf("both: got %s", got)
	}
	undo(t, two)
	undo(t, one)
	now := read(t, a, configMap())
	if got := api.Shown(api.At(now, "data")) + api.Shown(api.At(now, "metadata", "finalizers")); got != `{"x":"orig"}unset` {
		t.Errorf("got %s", got)
	}
}

// TestApplyOntoLeaving checks that Undo waits until the deleted object is gone,
// and that the next Apply of its name waits for that and creates a new object.
func TestApplyOntoLeaving(t *testing.T) {
	t.Parallel()
	a := access(t)
	manifest := "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {x: '1'}}"
	first := applying(t, a, manifest)
	run(t, first)
	o, err := a.Object(bounded(t), configMap())
	if err != nil {
		t.Fatal(err)
	}
	held := func(finalizers any) {
		t.Helper()
		if _, err := o.Patch(bounded(t), api.Merging(map[string]any{"metadata": map[string]any{"finalizers": finalizers}}), api.Strictly); err != nil {
			t.Fatal(err)
		}
	}
	held([]any{"nodrop.test/held"})
	uid := api.Text(read(t, a, configMap()), "metadata", "uid")
	undone := make(chan error, 1)
	go func() { undone <- first.Undo(bounded(t)) }()
	await(t, "it is being deleted", func() bool {
		_, leaving := api.At(read(t, a, configMap()), "metadata", "deletionTimestamp")
		return leaving
	})
	again := applying(t, a, manifest)
	applied := make(chan error, 1)
	go func() { applied <- again.Run(bounded(t), nil) }()
	select {
	case err := <-undone:
		t.Errorf("the object still exists, but Undo reports success: %v", err)
	case err := <-applied:
		t.Errorf("the object is being deleted, but was applied to: %v", err)
	case <-time.After(3 * api.Poll): // a call that does not wait would have returned by now
	}
	held(nil)
	if err := <-undone; err != nil {
		t.Error(err)
	}
	if err := <-applied; err != nil {
		t.Error(err)
	}
	if api.Text(read(t, a, configMap()), "metadata", "uid") == uid {
		t.Error("it is the old one")
	}
	undo(t, again)
}

// TestStrict checks that a misspelled field is refused and nothing changes.
func TestStrict(t *testing.T) {
	t.Parallel()
	a := access(t)
	apply(t, a, gateways(0, "terminationGracePeriodSeconds: 20", ""))
	patch := map[string]any{}
	api.Set(patch, int64(60), "spec", "template", "spec", "terminationGracePeriodSecond")
	err := (&Patch{Access: a, Object: gw(), Patch: api.Merging(patch)}).Run(bounded(t), nil)
	if err == nil || !strings.Contains(err.Error(), `unknown field "spec.template.spec.terminationGracePeriodSecond"`) {
		t.Errorf("got %v", err)
	}
}

// TestSettledWith checks that pods that are over do not count, and that an
// autoscaler may change the number of replicas during a restart.
func TestSettledWith(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 2, "")
	apply(t, a, "{apiVersion: v1, kind: Pod, metadata: {name: evicted, labels: {app: gw, pod-template-hash: none}}, spec: {nodeName: none, containers: [{name: a, image: hello}]}}")
	o, err := a.Object(bounded(t), api.Ref{Kind: "pod", Name: "evicted"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Patch(bounded(t), api.Merging(map[string]any{"status": map[string]any{"phase": "Failed", "reason": "Evicted"}}), api.Strictly, "status"); err != nil {
		t.Fatal(err)
	}
	deployment, err := a.Object(bounded(t), gw())
	if err != nil {
		t.Fatal(err)
	}
	scaled := false
	autoscaled := between(t, a, func(r *http.Request, pass func()) bool {
		pass()
		if r.Method == http.MethodPatch && !scaled {
			scaled = true
			if _, err := deployment.Patch(bounded(t), api.Merging(map[string]any{"spec": map[string]any{"replicas": int64(3)}}), api.Strictly, "scale"); err != nil {
				t.Error(err)
			}
		}
		return true
	})
	run(t, &Restart{Access: autoscaled, Object: gw()})
	if n := len(podsOf(t, a)); n != 3 {
		t.Errorf("%d pods; want 3", n)
	}
}

// TestTwoFamilies checks that a pod of a dual-stack Service counts as one endpoint.
func TestTwoFamilies(t *testing.T) {
	t.Parallel()
	a := access(t)
	for _, family := range []string{"addressType: IPv4, endpoints: [{addresses: [10.9.9.1]", "addressType: IPv6, endpoints: [{addresses: ['fd00::1']"} {
		apply(t, a, "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: ds-"+strings.ToLower(family[13:17])+", labels: {kubernetes.io/service-name: ds}}, "+family+", targetRef: {kind: Pod, name: p}, conditions: {ready: true}}]}")
	}
	apply(t, a, "{apiVersion: v1, kind: Service, metadata: {name: ds}, spec: {ports: [{port: 80}]}}")
	run(t, &Wait{Access: a, Object: api.Ref{Kind: "service", Name: "ds"}, Endpoints: 1})
}

// TestDeleteWaits checks that Delete waits until the pods are gone: the load
// must last that long.
func TestDeleteWaits(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 2, "lifecycle: {preStop: {sleep: {seconds: 1}}}")
	before := podsOf(t, a)
	run(t, &Delete{Access: a, Selector: "app=gw", Count: 1})
	c, err := a.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pods().Get(bounded(t), before[0].GetName(), metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the pod is there: %v", err)
	}
}

// TestAtRest checks that a run waits until the restore of the run before is
// complete.
func TestAtRest(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 3, "")
	s := &Scale{Access: a, Object: gw(), Replicas: 1}
	run(t, s)
	undo(t, s)
	run(t, &AtRest{actions: []scenario.Action{s, &Patch{Access: a, Object: configMap()}}})
	if done, why := rolledOut("Deployment", read(t, a, gw())); !done {
		t.Error(why)
	}
}

// TestWatchInterrupted checks that one note warns that marks may be late.
func TestWatchInterrupted(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 2, "")
	var cut atomic.Bool
	open, end := context.WithCancel(bounded(t))
	way := through(t, a, func(proxy http.Handler, w http.ResponseWriter, r *http.Request) {
		if cut.Load() {
			panic(http.ErrAbortHandler)
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(open, cancel)()
		proxy.ServeHTTP(w, r.WithContext(ctx))
	})
	var d diary
	w := &Watch{Targets: []Target{{Access: way, Object: gw()}}}
	if err := w.Run(bounded(t), d.env()); err != nil {
		t.Fatal(err)
	}
	run(t, &Delete{Access: a, Selector: "app=gw", Count: 1})
	await(t, "one pod has exited", func() bool { return d.count(record.MarkExited) == 1 })
	if n := d.count(record.MarkNote); n != 0 {
		t.Errorf("%d notes of an interruption; want none", n)
	}
	cut.Store(true)
	end()
	run(t, &Scale{Access: a, Object: gw(), Replicas: 1})
	time.Sleep(watch.Propagation + 2*api.Poll) // a shorter interruption has no note
	open, end = context.WithCancel(bounded(t))
	defer end()
	cut.Store(false)
	await(t, "another pod has exited", func() bool { return d.count(record.MarkExited) == 2 })
	undo(t, w)
	if n := d.count(record.MarkNote); n != 1 {
		t.Errorf("%d notes of the interruption; want 1: %q", n, d.marks)
	}
}

// TestServes checks that the page request uses the load's host and TLS.
func TestServes(t *testing.T) {
	asked := ""
	page := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if asked = r.Host; r.TLS != nil {
			asked += " by TLS for " + r.TLS.ServerName
		}
	})
	plain, secure := httptest.NewServer(page), httptest.NewTLSServer(page)
	defer plain.Close()
	defer secure.Close()
	for want, a := range map[string]*Address{"gw.test:81": {Host: "gw.test:81"}, "gw.test by TLS for gw.test": {Host: "gw.test", Secure: true}} {
		server := plain
		if a.Secure {
			server = secure
		}
		err := a.serves(bounded(t), netip.MustParseAddrPort(server.Listener.Addr().String()))
		if err != nil || asked != want {
			t.Errorf("asked for %q, %v; want %s", asked, err, want)
		}
	}
}

// TestHidesLists: no message shows a list, such as that of containers with their
// environment, and each says how a person restores it.
func TestHidesLists(t *testing.T) {
	containers := func(image string) []any {
		return []any{map[string]any{"name": "a", "image": image, "env": []any{map[string]any{"name": "KEY", "value": "S3CRET"}}}}
	}
	path := []string{"spec", "template", "spec", "containers"}
	then := map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": containers("theirs")}}}}
	o := &api.Object{Namespace: "shop", Name: "gw"}
	o.Resource.Kind = "Deployment"
	name := "spec.template.spec.containers"
	for what, l := range map[string]leaf{
		"the list":        {path: path, before: containers("old"), after: containers("new")},
		"what is over it": {path: path[:3], before: map[string]any{"containers": containers("old")}, after: map[string]any{"containers": containers("new")}},
		"a lost response": {path: path, before: containers("old"), unlisted: true},
	} {
		l.was, l.is = true, true
		_, err := reverse([]leaf{l}, then)
		if err == nil || strings.Contains(err.Error(), "S3CRET") || !strings.HasPrefix(err.Error(), strings.Join(l.path, ".")+": not restored: ") {
			t.Errorf("%s: got %v", what, err)
		}
		c := &change{object: o, leaves: []leaf{l}}
		want := "set " + strings.Join(l.path, ".") + " of deployment/gw in namespace shop to what it was, which is not shown"
		if got := c.undoes(true, ""); got != want {
			t.Errorf("%s: %q; want %q", what, got, want)
		}
	}
	c := &change{object: o, hand: "kubectl patch", leaves: []leaf{{path: strings.Split(name, "."), was: true, is: true, before: containers("old"), after: containers("new")}}}
	if got := c.undoes(true, ""); got != "kubectl patch" {
		t.Errorf("got %q", got)
	}
}
