package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
	"nodrop/scenario/kube/internal/kubetest"
)

// TestScale scales to a number and back and waits for the pods. If somebody
// else changes the number meanwhile, undo keeps and reports it.
func TestScale(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 3, "")
	scale := &Scale{Access: a, Object: gw(), Replicas: 1}
	run(t, scale)
	if n := len(podsOf(t, a)); n != 1 {
		t.Errorf("%d pods; want 1", n)
	}
	undo(t, scale)
	run(t, &Wait{Access: a, Object: gw(), Rollout: true})
	if n := api.Number(read(t, a, gw()), "spec", "replicas"); n != 3 {
		t.Errorf("%d replicas are wanted after the undo; want 3", n)
	}
	run(t, scale)
	run(t, &Scale{Access: a, Object: gw(), Replicas: 2})
	err := scale.Undo(bounded(t))
	if err == nil || !strings.HasSuffix(err.Error(), "spec.replicas: not restored: nodrop set it to 1, but it is now 2") {
		t.Errorf("got %v", err)
	}
	if n := api.Number(read(t, a, gw()), "spec", "replicas"); n != 2 {
		t.Errorf("%d replicas; want the 2 that somebody else has set", n)
	}
	kept := &Scale{Access: a, Object: gw(), Replicas: 1, Keep: true}
	run(t, kept)
	undo(t, kept)
	if n := api.Number(read(t, a, gw()), "spec", "replicas"); n != 1 {
		t.Errorf("%d replicas; want 1 kept", n)
	}
}

// TestWatch checks the marks of pods from their first event to their last.
func TestWatch(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 3, "lifecycle: {preStop: {sleep: {seconds: 1}}}")
	run(t, &Wait{Access: a, Object: api.Ref{Kind: "service", Name: "gw"}, Endpoints: 3})
	var d diary
	w := &Watch{Targets: []Target{{Access: a, Object: gw()}, {Access: a, Pods: api.Pods{Selector: "app in (gw)"}}, {Access: a, Object: gw()}}} // the same pods
	env := d.env()
	if err := w.Run(bounded(t), env); err != nil {
		t.Fatal(err)
	}
	if env.Replicas != 3 {
		t.Errorf("there are %d replicas; want 3", env.Replicas)
	}
	if len(d.marks) > 0 {
		t.Errorf("before anything was done: %q", d.marks)
	}
	run(t, &Scale{Access: a, Object: gw(), Replicas: 1})
	await(t, "every terminating pod has all its marks", func() bool {
		return d.count(record.MarkTerminating) == 2 && d.count(record.MarkEndpointGoes) == 2 && d.count(record.MarkEndpointDropped) == 2 && d.count(record.MarkExited) == 2
	})
	run(t, &Scale{Access: a, Object: gw(), Replicas: 2})
	await(t, "the new pod is ready", func() bool { return d.count(record.MarkReady) == 1 })
	undo(t, w)
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, mark := range d.marks {
		if pod, ok := strings.CutSuffix(mark, " exited"); ok && !slices.Contains(d.marks[:i], pod+" terminating") {
			t.Errorf("%s exited before it was terminating: %q", pod, d.marks)
		}
	}
	if want := []string{"pre-stop hook: sleep 1s, grace period 20s"}; !slices.Equal(slices.Compact(d.shutdowns), want) {
		t.Errorf("shutdown settings %q; want %q", d.shutdowns, want)
	}
	if !slices.Contains(d.errs, "exit code 143") {
		t.Errorf("exit errors %q; want one of TERM", d.errs)
	}
}

// TestRestart checks that Restart replaces every pod before it returns.
func TestRestart(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 2, "")
	before := podsOf(t, a)
	run(t, &Restart{Access: a, Object: gw()})
	for _, pod := range podsOf(t, a) {
		for _, old := range before {
			if pod.GetName() == old.GetName() {
				t.Errorf("%s was not replaced", pod.GetName())
			}
		}
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 3, "")
	first := podsOf(t, a)[0].GetName()
	run(t, &Delete{Access: a, Pod: first})
	run(t, &Wait{Access: a, Object: gw(), Rollout: true})
	await(t, "it is replaced", func() bool { return len(podsOf(t, a)) == 3 })
	run(t, &Delete{Access: a, Selector: "app=gw", Count: 2})
	await(t, "two are replaced", func() bool {
		return len(podsOf(t, a)) == 3 && !slices.ContainsFunc(podsOf(t, a), func(p pod) bool { return p.GetName() == first })
	})
	if err := (&Delete{Access: a}).Run(bounded(t), nil); err == nil || len(podsOf(t, a)) != 3 {
		t.Errorf("Delete without a pod or a selector: got %v", err)
	}
	if err := (&Delete{Access: a, Selector: "app=none"}).Run(bounded(t), nil); err == nil || !strings.HasSuffix(err.Error(), "no pods of app=none in namespace "+a.Namespace) {
		t.Errorf("got %v", err)
	}
}

// TestPatchAndApply checks that undo restores each value and deletes created
// objects.
func TestPatchAndApply(t *testing.T) {
	t.Parallel()
	a := access(t)
	apply(t, a, "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, annotations: {old: a}}, data: {x: '1'}}")
	ref := api.Ref{Kind: "configmap", Name: "c"}
	annotate := newAnnotation(&Settings{Access: a, Object: ref, Patch: api.Merging(map[string]any{"old": "b", "new": "c"})})
	run(t, annotate)
	patch := &Patch{Access: a, Object: ref, Patch: api.Merging(map[string]any{"data": map[string]any{"x": nil, "y": "2"}})}
	run(t, patch)
	if got := api.Shown(api.At(read(t, a, ref), "data")); got != `{"y":"2"}` {
		t.Errorf("got %s", got)
	}
	undo(t, patch)
	undo(t, annotate)
	now := read(t, a, ref)
	if got := api.Shown(api.At(now, "data")) + api.Shown(api.At(now, "metadata", "annotations")); got != `{"x":"1"}{"old":"a"}` {
		t.Errorf("got %s", got)
	}
	list, err := api.ReadManifests([]byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {x: '7'}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: made}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	both := &Apply{Access: a, Manifests: list}
	run(t, both)
	undo(t, both)
	if got := api.Shown(api.At(read(t, a, ref), "data")); got != `{"x":"1"}` {
		t.Errorf("got %s", got)
	}
	o, err := a.Object(bounded(t), api.Ref{Kind: "configmap", Name: "made"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Get(bounded(t)); err == nil || !strings.Contains(err.Error(), `configmaps "made" not found`) {
		t.Errorf("the created object still exists: %v", err)
	}
}

// between returns access to the test's cluster through a proxy that calls treat
// for each request; pass forwards the request and keeps the response, which is
// sent if treat returns true.
func between(t *testing.T, a *api.Access, treat func(r *http.Request, pass func()) (response bool)) *api.Access {
	t.Helper()
	return through(t, a, func(proxy http.Handler, w http.ResponseWriter, r *http.Request) {
		response := httptest.NewRecorder()
		if !treat(r, func() { proxy.ServeHTTP(response, r.WithContext(context.WithoutCancel(r.Context()))) }) {
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), response.Header())
		w.WriteHeader(response.Code)
		_, _ = w.Write(response.Body.Bytes())
	})
}

// through returns access to the test's cluster through a proxy.
func through(t *testing.T, a *api.Access, serve func(proxy http.Handler, w http.ResponseWriter, r *http.Request)) *api.Access {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	host, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Transport: transport, FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(host) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(proxy, w, r) }))
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf("{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: %q}}], contexts: [{name: c, context: {cluster: c}}]}", server.URL)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &api.Access{Kubeconfig: path, Namespace: a.Namespace}
}

// TestInterruptedPatch checks that undo leaves nothing behind after an
// interruption during a patch, and after a lost response.
func TestInterruptedPatch(t *testing.T) {
	t.Parallel()
	a := access(t)
	apply(t, a, "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {x: '1'}}")
	ref := api.Ref{Kind: "configmap", Name: "c"}
	made := "{apiVersion: v1, kind: ConfigMap, metadata: {name: made}, data: {x: '1'}}"
	adds := api.Patching{Operations: []map[string]any{{"op": "add", "path": "/data/y", "value": "2"}}}
	absent := func(what string) {
		t.Helper()
		if o, err := a.Object(bounded(t), api.Ref{Kind: "configmap", Name: "made"}); err != nil {
			t.Error(err)
		} else if _, err := o.Get(bounded(t)); !apierrors.IsNotFound(err) {
			t.Errorf("%s: the created object still exists: %v", what, err)
		}
	}
	unchanged := func(what string) {
		t.Helper()
		if got := api.Shown(api.At(read(t, a, ref), "data")); got != `{"x":"1"}` {
			t.Errorf("%s: got %s", what, got)
		}
	}

	ctx, interrupt := context.WithCancel(bounded(t))
	interrupted := between(t, a, func(r *http.Request, pass func()) bool {
		if r.Method == http.MethodPatch {
			interrupt()
		}
		pass()
		return true
	})
	for _, action := range []scenario.Action{
		&Patch{Access: interrupted, Object: ref, Patch: adds},
		&Apply{Access: interrupted, Manifests: []map[string]any{kubetest.Decode(t, made)}},
	} {
		_ = action.Run(ctx, nil)
		if ctx.Err() == nil {
			t.Fatal("it was not interrupted")
		}
		undo(t, action)
		ctx, interrupt = context.WithCancel(bounded(t))
	}
	interrupt()
	unchanged("interrupted")
	absent("interrupted")

	patches := 0
	deaf := between(t, a, func(r *http.Request, pass func()) bool {
		pass()
		if r.Method != http.MethodPatch {
			return true
		}
		patches++
		return patches > 1 // the responses to the undo arrive
	})
	apply := &Apply{Access: deaf, Manifests: []map[string]any{kubetest.Decode(t, made)}}
	if err := apply.Run(bounded(t), nil); err == nil {
		t.Error("the response was lost, but Run reports success")
	}
	undo(t, apply)
	absent("its answer lost")
	patches = 0
	merge := &Patch{Access: deaf, Object: ref, Patch: api.Merging(map[string]any{"data": map[string]any{"y": "2"}})}
	if err := merge.Run(bounded(t), nil); err == nil {
		t.Error("the response was lost, but Run reports success")
	}
	undo(t, merge)
	unchanged("its answer lost")

	refused := &Apply{Access: a, Manifests: []map[string]any{kubetest.Decode(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: made}, data: 7}")}}
	if err := refused.Run(bounded(t), nil); err == nil {
		t.Error("an invalid manifest is applied")
	}
	undo(t, refused)
}

func newKind(kind string) string {
	name := strings.ToLower(kind)
	return fmt.Sprintf(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %[1]ss.nodrop.test}
spec:
  group: nodrop.test
  scope: Namespaced
  names: {plural: %[1]ss, singular: %[1]s, kind: %[2]s}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`, name, kind)
}

// TestNewResource finds a kind that was created after the first discovery.
func TestNewResource(t *testing.T) {
	t.Parallel()
	a := access(t)
	if _, err := a.Object(bounded(t), api.Ref{Kind: "thing", Name: "x"}); err == nil || !strings.Contains(err.Error(), `the server has no resource "thing"`) {
		t.Fatalf("got %v", err)
	}
	apply(t, &api.Access{}, newKind("Thing"))
	await(t, "the kind is served", func() bool {
		_, err := a.Object(bounded(t), api.Ref{Kind: "thing", Name: "x"})
		return err == nil
	})
}

// TestPreflight checks that everything missing, forbidden or in conflict is
// reported before any change.
func TestPreflight(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 2, "")
	scale := &Scale{Access: a, Object: gw(), Replicas: 1}
	run(t, &Preflight{Actions: []scenario.Action{scale, &Watch{Targets: []Target{{Access: a, Object: gw()}}}}})
	expect := func(want string, actions ...scenario.Action) {
		t.Helper()
		if err := (&Preflight{Actions: actions}).Run(bounded(t), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
	expect(`deployments.apps "none" not found`, &Restart{Access: a, Object: api.Ref{Kind: "deploy", Name: "none"}})
	apply(t, a, "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: ds}, spec: {updateStrategy: {type: OnDelete}, selector: {matchLabels: {app: ds}}, template: {metadata: {labels: {app: ds}}, spec: {nodeSelector: {none: none}, containers: [{name: a, image: hello}]}}}}")
	expect("it has no scale subresource", &Scale{Access: a, Object: api.Ref{Kind: "daemonset", Name: "ds"}, Replicas: 1})
	expect("its updateStrategy is OnDelete: a restart would have no effect", &Restart{Access: a, Object: api.Ref{Kind: "daemonset", Name: "ds"}})
	expect("has no rollout", &Restart{Access: a, Object: api.Ref{Kind: "service", Name: "gw"}})
	expect("has no rollout", &Wait{Access: a, Object: api.Ref{Kind: "service", Name: "gw"}, Rollout: true})
	expect(`the server has no resource "nothings"`, &Restart{Access: a, Object: api.Ref{Kind: "nothings", Name: "x"}})

	limited := &api.Access{Kubeconfig: os.Getenv("CONTROLPLANE_LIMITED"), Namespace: a.Namespace}
	apply(t, a, `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: scaler}
rules:
- {apiGroups: [apps], resources: [deployments, deployments/scale], verbs: [get]}
- {apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: scaler}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: scaler}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: limited}]
`)
	expect("missing permissions in namespace "+a.Namespace+": list pods", &Scale{Access: limited, Object: gw(), Replicas: 1})
	expect("missing permissions in namespace "+a.Namespace+": patch deployments/scale", &Scale{Access: limited, Object: gw(), Replicas: 1})
	apply(t, a, `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: fights}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: gw}, minReplicas: 2, maxReplicas: 9}
`)
	expect("HorizontalPodAutoscaler fights scales it (2 to 9 replicas) and would revert the change", scale)
	if n := api.Number(read(t, a, gw()), "spec", "replicas"); n != 2 {
		t.Errorf("%d replicas; want 2: nothing was to be done", n)
	}
}

// TestPreflightOfWhatComes checks that objects that an action applies, or that
// a controller creates from them, need not exist yet; those that exist are checked.
func TestPreflightOfWhatComes(t *testing.T) {
	t.Parallel()
	a := access(t)
	limited := &api.Access{Kubeconfig: os.Getenv("CONTROLPLANE_LIMITED"), Namespace: a.Namespace}
	namespace(t, "other")
	apply(t, a, `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: other}
rules:
- {apiGroups: [""], resources: [configmaps], resourceNames: [c], verbs: [get, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: r, namespace: other}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: limited}]
`)
	there := "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: other}, data: {x: orig}}"
	elsewhere := applying(t, limited, there)
	if err := (&Preflight{Actions: []scenario.Action{elsewhere}}).Run(bounded(t), nil); err == nil || !says(err.Error(), "missing permissions in namespace other: create configmaps, delete configmaps") {
		t.Errorf("got %v", err)
	}
	apply(t, a, there)
	run(t, &Preflight{Actions: []scenario.Action{elsewhere}})
	if lines, err := Announce(elsewhere); err != nil || len(lines) != 1 || !says(lines[0], "namespace other, ConfigMap/c: apply, then restore, or delete if it is new") {
		t.Errorf("announced: %q, %v", lines, err)
	}

	kind := applying(t, a, newKind("Later"))
	later := applying(t, a, "{apiVersion: nodrop.test/v1, kind: Later, metadata: {name: x}}")
	run(t, &Preflight{Actions: []scenario.Action{kind, later}})
	run(t, kind)
	run(t, later)
	undo(t, later)
	undo(t, kind)

	gateway := "{apiVersion: istio.alibabacloud.com/v1beta1, kind: IstioGateway, metadata: {name: fresh}, spec: {gatewayType: ingress, replicaCount: 0, autoscaleEnabled: %s, minReplicas: 2, maxReplicas: 9}}"
	run(t, &Preflight{Actions: []scenario.Action{applying(t, a, fmt.Sprintf(gateway, "false")), &Wait{Access: a, Object: api.Ref{Kind: "deployment", Name: "istio-fresh"}, Rollout: true}}})
	scale := &Scale{Access: a, Object: api.Ref{Kind: "istiogateway", Name: "fresh"}, Replicas: 1, Pods: api.Pods{Selector: "istio=fresh"}}
	refused := func(manifest string) {
		t.Helper()
		err := (&Preflight{Actions: []scenario.Action{applying(t, a, manifest), scale}}).Run(bounded(t), nil)
		if err == nil || !says(err.Error(), "its autoscaler (2 to 9 replicas) would revert the change") {
			t.Errorf("got %v", err)
		}
	}
	refused(fmt.Sprintf(gateway, "true"))
	apply(t, a, fmt.Sprintf(gateway, "true"))
	refused("{apiVersion: istio.alibabacloud.com/v1beta1, kind: IstioGateway, metadata: {name: fresh}, spec: {gatewayType: ingress}}")
}

// TestAPIServerAway checks that an undo waits for the API server; if it stays
// unreachable too long, the error says what to restore by hand.
func TestAPIServerAway(t *testing.T) {
	a := access(t)
	start(t, a, 2, "")
	scale := &Scale{Access: a, Object: gw(), Replicas: 1}
	run(t, scale)
	plane := planeProcess(t)
	sendSignal(t, plane, syscall.SIGUSR1)
	await(t, "the API server is away", func() bool { return isAway(a) })
	short, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := scale.Undo(short)
	if err == nil || !strings.Contains(err.Error(), "do this by hand: set spec.replicas of deployment/gw in namespace "+a.Namespace+" to 2") {
		t.Errorf("got %v", err)
	}
	back := make(chan error, 1)
	go func() { back <- scale.Undo(bounded(t)) }()
	sendSignal(t, plane, syscall.SIGUSR2)
	if err := <-back; err != nil {
		t.Errorf("when it is back: %v", err)
	}
	if n := api.Number(read(t, a, gw()), "spec", "replicas"); n != 2 {
		t.Errorf("%d replicas; want 2", n)
	}
}

func planeProcess(t *testing.T) int {
	t.Helper()
	pid, err := strconv.Atoi(os.Getenv("CONTROLPLANE_PID"))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func sendSignal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}

func isAway(a *api.Access) bool {
	c, err := a.Open()
	if err != nil {
		return false
	}
	var list map[string]any
	err = c.Get(context.Background(), "/version", &list)
	return err != nil && api.Away(err)
}

// TestAddress checks that Address waits for the page and sends the load to the
// Service.
func TestAddress(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 1, "")
	env := &scenario.Env{}
	if err := (&Address{Access: a, Service: "gw"}).Run(bounded(t), env); err != nil {
		t.Fatal(err)
	}
	e, err := env.Endpoints.Next(t.Context())
	if want := api.Text(read(t, a, api.Ref{Kind: "service", Name: "gw"}), "spec", "clusterIP") + ":80"; err != nil || e.Name != want {
		t.Errorf("got %v, %v; want %s", e, err, want)
	}
	err = (&Address{Access: a, Service: "gw", Port: 81, Timeout: 300 * time.Millisecond}).Run(bounded(t), env)
	if err == nil || !strings.Contains(err.Error(), "page not served after 300ms: ") {
		t.Errorf("got %v", err)
	}
}

// TestAccess checks that a kubeconfig error is one line.
func TestAccess(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken")
	if err := os.WriteFile(broken, []byte("{apiVersion: v1, kind: Config, current-context: gone}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, a := range map[string]*api.Access{
		"no such file or directory":                          {Kubeconfig: filepath.Join(dir, "none")},
		"context was not found for specified context: gone":  {Kubeconfig: broken},
		"context was not found for specified context: other": {Kubeconfig: broken, Context: "other"},
	} {
		_, err := a.Open()
		if err == nil || !strings.Contains(err.Error(), want) && !strings.Contains(err.Error(), "does not exist") || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}

// TestOpenID checks that kubeconfigs with kubectl's OIDC provider are accepted.
func TestOpenID(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := `{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}], contexts: [{name: c, context: {cluster: c, user: u}}],
  users: [{name: u, user: {auth-provider: {name: oidc, config: {client-id: a, id-token: b, idp-issuer-url: "https://issuer.test"}}}}]}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (&api.Access{Kubeconfig: path}).Open(); err != nil {
		t.Error(err)
	}
}

// TestExecCredentials checks that a credential plugin authenticates us, as with
// kubectl, and that its failure is a one-line error.
func TestExecCredentials(t *testing.T) {
	t.Parallel()
	a := access(t)
	config, err := clientcmd.LoadFromFile(os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	plugin := &clientcmdapi.ExecConfig{
		Command: "cat", Args: []string{filepath.Join(dir, "credential")},
		APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
	}
	for _, user := range config.AuthInfos {
		text, err := json.Marshal(map[string]any{
			"apiVersion": plugin.APIVersion, "kind": "ExecCredential", "status": map[string]string{"token": user.Token},
		})
		if err := errors.Join(err, os.WriteFile(plugin.Args[0], text, 0o600)); err != nil {
			t.Fatal(err)
		}
		*user = clientcmdapi.AuthInfo{Exec: plugin}
	}
	write := func(name string) string {
		path := filepath.Join(dir, name)
		if err := clientcmd.WriteToFile(*config, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := &api.Access{Kubeconfig: write("good"), Namespace: a.Namespace}
	apply(t, good, "{apiVersion: v1, kind: ConfigMap, metadata: {name: made}}")
	read(t, a, api.Ref{Kind: "configmap", Name: "made"})

	plugin.Command, plugin.Args = "false", nil
	bad := &api.Access{Kubeconfig: write("bad"), Namespace: a.Namespace}
	_, err = bad.Object(bounded(t), api.Ref{Kind: "configmap", Name: "made"})
	if err == nil || !strings.Contains(err.Error(), "executable false failed with exit code 1") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}
