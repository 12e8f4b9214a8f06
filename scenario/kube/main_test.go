package kube

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/loadgen/cli/clitest"
	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
	"nodrop/scenario/kube/internal/kubetest"
)

// inside is an environment variable that is set inside a control plane.
const inside = "CONTROLPLANE_DIR"

// TestMain runs the tests again inside a control plane, unless -short is set or
// they run inside already.
func TestMain(m *testing.M) {
	clitest.CatchHangup()
	short := false
	for _, arg := range os.Args[1:] {
		short = short || arg == "-test.short=true" || arg == "-test.short"
	}
	if os.Getenv(inside) != "" || short {
		os.Exit(m.Run())
	}
	if out, err := exec.Command("unshare", "--net", "--pid", "--mount", "--fork", "true").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "NOT RUN: the tests that need a control plane: no namespaces can be made here: %v %s\n", err, out)
		os.Exit(m.Run())
	}
	os.Exit(runInside())
}

// runInside builds the control plane, which takes minutes unless make test has
// done so before, and runs this test binary in it.
func runInside() int {
	cache, err := os.UserCacheDir()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cache = filepath.Join(cache, "nodrop", "controlplane")
	build := exec.Command("../../testdata/controlplane/build.sh", cache)
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "the control plane cannot be built:", err)
		return 1
	}
	bin, err := os.MkdirTemp("", "nodrop")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(bin) }()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "nodrop"), "../..").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s\n", err, out)
		return 1
	}
	// Tests run nodrop. Some pods run it as a gateway, others run Envoy.
	homes, _ := filepath.Glob(filepath.Join(filepath.Dir(cache), "envoy-*", "bin"))
	for _, home := range append([]string{bin}, homes...) {
		_ = os.Setenv("PATH", os.Getenv("PATH")+string(filepath.ListSeparator)+home)
	}
	plane := filepath.Join(cache, "controlplane")
	args := slices.Concat([]string{"--binaries", cache, "--proxy", "--"}, os.Args, []string{"-test.parallel=" + atOnce})
	cmd := exec.Command(plane, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// atOnce is how many of these tests run side by side. They wait for rollouts, grace
// periods and loads, which take little processor time.
const atOnce = "8"

// patience bounds every wait of a test; no test measures against it.
const patience = 5 * time.Minute

// needsControlPlane skips a test outside of a control plane, and says so.
func needsControlPlane(t *testing.T) {
	t.Helper()
	if os.Getenv(inside) == "" {
		t.Skipf("NOT RUN: %s needs a control plane; make test runs it where there are namespaces", t.Name())
	}
}

// access returns access with all permissions, in a namespace for this test.
func access(t *testing.T) *api.Access {
	t.Helper()
	needsControlPlane(t)
	a := &api.Access{Namespace: strings.ToLower(strings.NewReplacer("/", "-", "_", "-", " ", "-", ".", "-").Replace(t.Name()))}
	namespace(t, a.Namespace)
	return a
}

// namespace creates a namespace. It does not wait for its deletion, which takes
// seconds.
func namespace(t *testing.T, name string) {
	t.Helper()
	o, err := (&api.Access{}).Object(bounded(t), api.Ref{Kind: "namespace", Name: name})
	if err != nil {
		t.Fatal(err)
	}
	made := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}}
	if _, err := o.Client().Create(bounded(t), made, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Client().Delete(bounded(t), name, metav1.DeleteOptions{}) })
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// apply applies manifests and undoes them when the test ends.
func apply(t *testing.T, a *api.Access, text string) {
	t.Helper()
	list, err := api.ReadManifests([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	action := &Apply{Access: a, Manifests: list, manager: "somebody"} // with nodrop's manager, an Apply under test would take over its fields
	if err := action.Run(bounded(t), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := action.Undo(bounded(t)); err != nil {
			t.Errorf("undoing the manifests: %v", err)
		}
	})
}

// pair is two nodes that no other test's pods run on, so that a test can drain
// them while others run.
type pair struct{ first, second, only string }

// drainable creates a pair of nodes for the test. They are never deleted: pods
// that are still leaving need them.
func drainable(t *testing.T, a *api.Access) pair {
	t.Helper()
	p := pair{first: a.Namespace + "-1", second: a.Namespace + "-2", only: a.Namespace}
	for _, name := range []string{p.first, p.second} {
		o, err := a.Object(bounded(t), api.Ref{Kind: "node", Name: name})
		if err != nil {
			t.Fatal(err)
		}
		made := kubetest.Decode(t, fmt.Sprintf(`{apiVersion: v1, kind: Node, metadata: {name: %s, labels: {%s: %s}}, spec: {taints: [{key: %[2]s, value: %[3]s, effect: NoSchedule}]}}`, name, onlyFor, p.only))
		if _, err := o.Client().Create(bounded(t), &unstructured.Unstructured{Object: made}, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	return p
}

// onlyFor is the label and the taint of nodes that belong to a test.
const onlyFor = "nodrop.test/only-for"

// fields returns the fields of a pod that runs on these nodes.
func (p pair) fields(between string) string {
	return fmt.Sprintf("nodeSelector: {%s: %s}%stolerations: [{key: %[1]s, operator: Exists}]", onlyFor, p.only, between)
}

// gateways returns a Deployment of servers behind a Service, as the agent
// expects it, with extra fields for the pods and their container.
func gateways(replicas int, pod, container string) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: gw}
spec:
  replicas: %d
  selector: {matchLabels: {app: gw}}
  template:
    metadata: {labels: {app: gw}}
    spec:
      %s
      containers:
      - name: gw
        image: hello
        command: [%q, serve]
        args: ["--listen", "$(POD_IP):8080"]
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
        %s
---
apiVersion: v1
kind: Service
metadata: {name: gw}
spec:
  selector: {app: gw}
  ports: [{port: 80, targetPort: 8080}]
`, replicas, pod, os.Getenv("CONTROLPLANE_PROGRAM"), container)
}

// start applies gateways and waits for their rollout.
func start(t *testing.T, a *api.Access, replicas int, preStop string) {
	t.Helper()
	apply(t, a, gateways(replicas, "terminationGracePeriodSeconds: 20", preStop))
	run(t, &Wait{Access: a, Object: gw(), Rollout: true})
}

// startOn starts gateways on nodes of the test's own.
func startOn(t *testing.T, a *api.Access, nodes pair, replicas int, preStop string) {
	t.Helper()
	apply(t, a, nodes.gateways(replicas, preStop))
	run(t, &Wait{Access: a, Object: gw(), Rollout: true})
}

func (p pair) gateways(replicas int, preStop string) string {
	const line = "\n      "
	return gateways(replicas, "terminationGracePeriodSeconds: 20"+line+p.fields(line), preStop)
}

func gw() api.Ref { return api.Ref{Kind: "deployment", Name: "gw"} }

// run runs an action, which must succeed.
func run(t *testing.T, action scenario.Action) {
	t.Helper()
	if err := action.Run(bounded(t), &scenario.Env{Mark: func(scenario.Moment) {}}); err != nil {
		t.Fatal(err)
	}
}

// undo undoes an action, which must succeed.
func undo(t *testing.T, action scenario.Action) {
	t.Helper()
	if err := action.Undo(bounded(t)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, a *api.Access, ref api.Ref) map[string]any {
	t.Helper()
	o, err := a.Object(bounded(t), ref)
	if err != nil {
		t.Fatal(err)
	}
	found, err := o.Get(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func podsOf(t *testing.T, a *api.Access) []unstructured.Unstructured {
	t.Helper()
	c, err := a.Open()
	if err != nil {
		t.Fatal(err)
	}
	pods, err := api.PodSet{Cluster: c, Selector: "app=gw"}.Staying(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	return pods
}

type diary struct {
	mu    sync.Mutex
	marks []string // kinds, by pod
	kinds map[record.MarkKind]int
	errs  []string

	shutdowns []string
}

func (d *diary) env() *scenario.Env {
	return &scenario.Env{Mark: func(m scenario.Moment) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.kinds == nil {
			d.kinds = map[record.MarkKind]int{}
		}
		d.kinds[m.Kind]++
		d.marks = append(d.marks, m.Endpoint+" "+string(m.Kind))
		if m.Err != nil {
			d.errs = append(d.errs, m.Err.Error())
		}
		if m.Shutdown != nil {
			d.shutdowns = append(d.shutdowns, m.Shutdown.String())
		}
	}}
}

func (d *diary) count(kind record.MarkKind) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kinds[kind]
}

type pod = unstructured.Unstructured

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}
