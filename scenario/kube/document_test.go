package kube

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/loadgen/stream"
	"nodrop/scenario/kube/api"
)

// nodrop runs nodrop in a directory and checks its exit code.
func nodrop(t *testing.T, dir string, code int, args ...string) string {
	t.Helper()
	cmd := exec.Command("nodrop", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("nodrop %s: exit code %d (%v); want %d\n%s", strings.Join(args, " "), got, err, code, out)
	}
	return string(out)
}

// says reports whether an output contains a text, whatever the line breaks.
func says(out, text string) bool {
	flat := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	return strings.Contains(flat(out), flat(text))
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// gatewayURL waits until the gateways serve the page and returns its URL.
func gatewayURL(t *testing.T, a *api.Access) string {
	t.Helper()
	run(t, &Address{Access: a, Service: "gw"})
	return "http://" + api.Text(read(t, a, api.Ref{Kind: "service", Name: "gw"}), "spec", "clusterIP") + "/"
}

func recorded(t *testing.T, file string) []*record.Run {
	t.Helper()
	saved, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = saved.Close() }()
	recording, err := stream.Read(saved)
	if err != nil {
		t.Fatal(err)
	}
	return recording.Runs
}

// TestHelpCommands runs the commands of nodrop help kubernetes that scale,
// restart and evict, in the namespace and on the object that they name, with fewer requests.
func TestHelpCommands(t *testing.T) {
	t.Parallel()
	needsControlPlane(t)
	page, err := os.ReadFile("../cli/help/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	a := &api.Access{Namespace: "gateways"}
	namespace(t, a.Namespace)
	named := strings.NewReplacer("{name: gw}", "{name: gateway}", "app: gw", "app: gateway")
	apply(t, a, named.Replace(gateways(3, "terminationGracePeriodSeconds: 20", "lifecycle: {preStop: {sleep: {seconds: 3}}}")))
	apply(t, a, budget("gateway", "maxUnavailable: 1"))
	run(t, &Wait{Access: a, Object: api.Ref{Kind: "deployment", Name: "gateway"}, Rollout: true})
	run(t, &Address{Access: a, Service: "gateway"})
	url := "http://" + api.Text(read(t, a, api.Ref{Kind: "service", Name: "gateway"}), "spec", "clusterIP") + "/"
	smaller := strings.NewReplacer("\\\n", "", "-n 50000", "-n 1000", "-c 200", "-c 20", "http://GATEWAY/", url)
	commands := regexp.MustCompile(`(?m)^nodrop (.*\\\n.*--(?:scale|restart|evict) .*)$`).FindAllStringSubmatch(string(page), -1)
	if len(commands) != 3 {
		t.Fatalf("%d commands; want 3:\n%s", len(commands), page)
	}
	dir := t.TempDir()
	for _, c := range commands {
		args := append(strings.Fields(smaller.Replace(c[1])), "--yes", "-o", "text", "-o", "json=run.json")
		nodrop(t, dir, 0, args...)
		kinds := map[record.MarkKind]int{}
		for _, m := range recorded(t, filepath.Join(dir, "run.json"))[0].Marks {
			kinds[m.Kind]++
		}
		if kinds[record.MarkTerminating] < 2 {
			t.Errorf("%s: marks %v; want those of two pods that leave, at least", c[0], kinds)
		}
	}
}

// TestDocument runs the document's whole procedure: the file from init asm,
// with a smaller load, on an existing gateway. Without graceful shutdown,
// connections are refused; with it, no request is lost. Afterwards the gateway
// is as before.
//
// The gateway's pods are a proxy that exits at TERM, nodrop's own gateway,
// which finishes requests in flight, and Envoy.
func TestDocument(t *testing.T) {
	t.Parallel()
	needsControlPlane(t)
	var refused atomic.Int64
	t.Run("gateways", func(t *testing.T) {
		for name, labels := range map[string]string{"proxy": "{}", "nodrop": "{nodrop.test/gateway: nodrop}", "envoy": "{nodrop.test/gateway: envoy}"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				refused.Add(document(t, "ingress-"+name, labels))
			})
		}
	})
	if refused.Load() == 0 && !t.Failed() {
		t.Error("no connection was refused in any case")
	}
}

// ackRights are all permissions of the document's second kubeconfig in a
// namespace. It has no access to ASM's kinds.
const ackRights = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: %[1]s, namespace: %[2]s}
rules:
- {apiGroups: [""], resources: [pods], verbs: [list, watch]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch]}
- {apiGroups: [""], resources: [services, serviceaccounts], verbs: [get, create, patch, delete]}
- {apiGroups: [apps], resources: [deployments], verbs: [get, create, patch, delete]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: %[1]s, namespace: %[2]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: %[1]s}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: limited}]
`

// document returns how many connections were refused without graceful shutdown.
func document(t *testing.T, gateway, labels string) (refused int64) {
	t.Helper()
	app := access(t)
	mesh := &api.Access{Namespace: "istio-system"}
	apply(t, mesh, `
apiVersion: istio.alibabacloud.com/v1
kind: IstioGateway
metadata: {name: `+gateway+`, annotations: {ours: kept}, labels: `+labels+`}
spec: {gatewayType: ingress, replicaCount: 3}
`)
	dir := t.TempDir()
	file := nodrop(t, dir, 0, "scenario", "init", "asm")
	file = strings.NewReplacer(
		"requests: 50000", "requests: 2000", "connections: 200", "connections: 40", "rate: 25", "rate: 5", "settle: 10s", "settle: 3s", "{DRAIN: 30s}", "{DRAIN: 10s}", "namespace: default", "namespace: "+app.Namespace, "GATEWAY: ingressgateway", "GATEWAY: "+gateway,
	).Replace(file)
	write(t, dir, "asm.yaml", file)
	for _, namespace := range []string{mesh.Namespace, app.Namespace} {
		apply(t, &api.Access{}, fmt.Sprintf(ackRights, gateway, namespace))
	}
	set := []string{"scenario", "run", "asm.yaml", "--set", "ASM_KUBECONFIG=" + os.Getenv("KUBECONFIG"), "--set", "ACK_KUBECONFIG=" + os.Getenv("CONTROLPLANE_LIMITED")}
	asked := nodrop(t, dir, 2, set...)
	for _, want := range []string{"istiogateway/" + gateway + ": scale to 1, then restore\n", "\nnodrop: cannot ask for confirmation: stdin is not a terminal\n"} {
		if !says(asked, want) {
			t.Errorf("without --yes: no %q in\n%s", want, asked)
		}
	}
	out := nodrop(t, dir, 0, append(set, "--yes", "-o", "text", "-o", "json=run.json")...)
	runs := recorded(t, filepath.Join(dir, "run.json"))
	if len(runs) != 2 {
		t.Fatalf("%d runs", len(runs))
	}
	off, on := runs[0], runs[1]
	if off.Counts.Lost == 0 || on.Counts.Lost != 0 || on.Counts.OK < 2000 {
		t.Errorf("off lost %d, on lost %d of %d", off.Counts.Lost, on.Counts.Lost, on.Counts.Started)
	}
	for _, run := range runs {
		kinds := map[record.MarkKind]int{}
		for _, m := range run.Marks {
			kinds[m.Kind]++
		}
		// If a pod exits at once, its endpoint is dropped without any other
		// endpoint mark.
		if kinds[record.MarkTerminating] != 9 || kinds[record.MarkEndpointDropped] != 9 || kinds[record.MarkExited] != 9 {
			t.Errorf("%s: marks %v; want the lifecycles of nine pods", run.Variant, kinds)
		}
	}
	for _, o := range off.Outcomes {
		if o.Class == record.NewClass(record.StageConnect, record.CauseRefused) {
			refused += o.Count
		}
	}
	// On a busy machine, more requests may be cut in flight; the report then
	// shows their remedies in full. If the machine stops pods after the
	// balancer has removed them, no connection is refused.
	for _, want := range []string{"connect: connection refused", " endpoints without a pre-stop hook got the stop signal at once: ", "keep accepting connections for "} {
		if refused > 0 && !says(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	after := read(t, mesh, api.Ref{Kind: "istiogateway", Name: gateway})
	if n := api.Number(after, "spec", "replicaCount"); n != 3 {
		t.Errorf("replicaCount is %d afterwards; want 3", n)
	}
	if got := api.Shown(api.At(after, "metadata", "annotations")); got != `{"ours":"kept"}` {
		t.Errorf("annotations are %s afterwards", got)
	}
	return refused
}

// TestPreStop: a rolling restart and a pod deletion lose requests if pods exit
// at once, and none if a pre-stop hook keeps them accepting until the data
// plane has processed the change.
func TestPreStop(t *testing.T) {
	t.Parallel()
	for name, hook := range map[string]string{"without": "", "with": "lifecycle: {preStop: {sleep: {seconds: 4}}}"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := access(t)
			start(t, a, 4, hook)
			scenario := `
target: ` + gatewayURL(t, a) + `
load: {requests: 600, connections: 20, rate: 20, keep-alive: false}
clusters: {here: {namespace: ` + a.Namespace + `}}
settle: 2s
variants: {only: {}}
timeline:
  - {at: 20%, kube: WHAT}
restore:
  - kube: {wait: deployment/gw, for: rollout}
`
			for what, pods := range map[string]int{"{restart: deployment/gw}": 4, "{delete: app=gw, count: 1}": 1, "{delete-pod: POD}": 1} {
				run(t, &Wait{Access: a, Object: gw(), Rollout: true})
				what = strings.ReplaceAll(what, "POD", podsOf(t, a)[0].GetName())
				dir := t.TempDir()
				write(t, dir, "s.yaml", strings.ReplaceAll(scenario, "WHAT", what))
				out := nodrop(t, dir, 0, "scenario", "run", "--yes", "-o", "text", "-o", "json=run.json", "s.yaml")
				got := recorded(t, filepath.Join(dir, "run.json"))[0]
				if lost := got.Counts.Lost; (lost > 0) != (hook == "") {
					t.Errorf("%s: lost %d", what, lost)
				}
				if says(out, "without a pre-stop hook got the stop signal at once: connections were refused until ") != (hook == "") {
					t.Errorf("%s: the findings are\n%s", what, out)
				}
				left := 0
				for _, m := range got.Marks {
					if m.Kind == record.MarkTerminating {
						left++
					}
				}
				if left != pods {
					t.Errorf("%s: %d pods were terminating; want %d", what, left, pods)
				}
			}
		})
	}
}

// TestAnyGateway runs the file from init kube, with a smaller load, against a
// Deployment that exits at once. The report shows the effect of a pre-stop
// hook, and afterwards the Deployment is as before.
func TestAnyGateway(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 2, "")
	dir := t.TempDir()
	file := strings.NewReplacer(
		"requests: 20000", "requests: 3000", "connections: 100", "connections: 20", "settle: 5s", "settle: 2s", "seconds: 15", "seconds: 4",
	).Replace(nodrop(t, dir, 0, "scenario", "init", "kube"))
	write(t, dir, "kube.yaml", file)
	args := []string{"scenario", "run", "--set", "NAMESPACE=" + a.Namespace, "--set", "DEPLOYMENT=gw", "--set", "SERVICE=gw", "--repeat", "2", "kube.yaml"}
	dry := nodrop(t, dir, 0, append(args, "--dry-run")...)
	for _, want := range []string{
		"setup: patch deployment/gw setup: wait for gw setup: watch the pods of deployment/gw gate: address of gw",
		"This would change: context controlplane, namespace testanygateway, deployment/gw: scale to 5, then restore",
		"deployment/gw: patch /spec/template/spec/containers/0/lifecycle, then restore",
	} {
		if !says(dry, want) {
			t.Errorf("no %q in\n%s", want, dry)
		}
	}
	out := nodrop(t, dir, 0, append(args, "--full", "--yes", "-o", "text", "-o", "json=run.json")...)
	runs := recorded(t, filepath.Join(dir, "run.json"))
	if len(runs) != 4 {
		t.Fatalf("%d runs", len(runs))
	}
	for _, run := range runs {
		if (run.Counts.Lost > 0) != (run.Variant == "unchanged") {
			t.Errorf("%s: lost %d", run.Variant, run.Counts.Lost)
		}
		told := 0
		for _, m := range run.Marks {
			if m.Kind == record.MarkTerminating || m.Kind == record.MarkExited {
				told++
			}
		}
		if told != 8 { // pods left over from the run before do not count
			t.Errorf("%s: %d marks of pods that leave; want 4 × 2", run.Variant, told)
		}
	}
	for _, want := range []string{"no pre-stop hook, grace period 20s", "pre-stop hook: sleep 4s, grace period 20s", "without a pre-stop hook got the stop signal"} {
		if !says(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	now := read(t, a, gw())
	if n := api.Number(now, "spec", "replicas"); n != 2 || strings.Contains(api.Shown(api.At(now, "spec", "template")), "preStop") {
		t.Errorf("%d replicas afterwards, of %s", n, api.Shown(api.At(now, "spec", "template")))
	}
}

// TestPodAddress checks that the marks of a pod apply to a load that targets
// the pod's own address.
func TestPodAddress(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 1, "")
	pod := podsOf(t, a)[0]
	dir := t.TempDir()
	scenario := `
target: http://` + api.Text(pod.Object, "status", "podIP") + `:8080/
load: {requests: 1000, connections: 10, rate: 50, keep-alive: false}
clusters: {here: {namespace: ` + a.Namespace + `}}
settle: 1s
timeline:
  - {at: 20%, kube: {delete-pod: ` + pod.GetName() + `}}
`
	write(t, dir, "s.yaml", scenario)
	out := nodrop(t, dir, 0, "scenario", "run", "--yes", "s.yaml")
	for _, want := range []string{"without a pre-stop hook got the stop signal", ":8080 (" + pod.GetName() + ")"} {
		if !says(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestGraceOver: pods that ignore the stop signal are killed at the end of
// their grace period, and the report says that this cut requests.
func TestGraceOver(t *testing.T) {
	t.Parallel()
	a := access(t)
	manifest := gateways(2, "terminationGracePeriodSeconds: 2", "")
	apply(t, a, strings.Replace(manifest, `:8080"]`, `:8080", "--deaf", "--delay", "200ms"]`, 1))
	run(t, &Wait{Access: a, Object: gw(), Rollout: true})
	url := gatewayURL(t, a)
	out := nodrop(t, t.TempDir(), 1, "--scale", "deployment/gw=1", "-z", "6s", "-c", "20", "--settle", "1s", "--yes", "-N", a.Namespace, url)
	for _, want := range []string{"in flight were cut when their process was killed at the end of its grace period", "no pre-stop hook, grace period 2s", " killed: gw-", "exit code 137"} {
		if !says(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestInterrupted checks that Ctrl-C during a load restores the cluster.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 3, "")
	url := gatewayURL(t, a)
	cmd := exec.Command("nodrop", "--scale", "deployment/gw=1", "--at", "#10", "-z", "5m", "-c", "4", "-q", "20", "--yes", "-N", a.Namespace, url)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // the exit code is checked below
	}()
	await(t, "it is scaled", func() bool { return api.Number(read(t, a, gw()), "spec", "replicas") == 1 })
	sendSignal(t, cmd.Process.Pid, syscall.SIGINT)
	select {
	case <-ended:
	case <-time.After(patience):
		sendSignal(t, cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		t.Fatalf("still running after SIGINT\n%s", out.String())
	}
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d; want 130", code)
	}
	for _, want := range []string{"scale deployment/gw to 1", "Summary:"} {
		if !says(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if n := api.Number(read(t, a, gw()), "spec", "replicas"); n != 3 {
		t.Errorf("%d replicas are wanted afterwards; want 3", n)
	}
}

// TestQuickForm runs a plain load with --scale and with --restart: the report
// shows the change, and the scale is undone.
func TestQuickForm(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 4, "lifecycle: {preStop: {sleep: {seconds: 4}}}")
	url := gatewayURL(t, a)
	load := []string{"--full", "-n", "800", "-c", "20", "-q", "20", "-disable-keepalive", "--settle", "2s", "--yes", "-N", a.Namespace, url}
	for name, args := range map[string][]string{"scale deployment/gw to 1": {"--scale", "deployment/gw=1"}, "restart deploy/gw": {"--restart", "deploy/gw"}} {
		out := nodrop(t, t.TempDir(), 0, append(args, load...)...)
		for _, want := range []string{" lost 0 + spoiled 0 + aborted 0\n", "   " + name + "\n", "\nVerdict: pass: lost none of ", " exited: gw-"} {
			if !says(out, want) {
				t.Errorf("%s: no %q in\n%s", name, want, out)
			}
		}
		run(t, &Wait{Access: a, Object: gw(), Rollout: true})
		if n := api.Number(read(t, a, gw()), "spec", "replicas"); n != 4 {
			t.Errorf("%s: %d replicas afterwards; want 4", name, n)
		}
	}
	for want, args := range map[string][]string{
		`--scale "deployment/gw": want KIND/NAME=REPLICAS`:   {"--scale", "deployment/gw"},
		"--scale and --restart: give only one of them":       {"--scale", "deployment/gw=1", "--restart", "deployment/gw"},
		"--keep: not with --restart":                         {"--restart", "deployment/gw", "--keep"},
		`--restart "gw": want KIND/NAME, such as deployment`: {"--restart", "gw"},
		`deployments.apps "none" not found`:                  {"--restart", "deployment/none"},
		"kubernetes: context \"none\" does not exist":        {"--restart", "deployment/gw", "--context", "none"},
	} {
		if out := nodrop(t, t.TempDir(), 2, append(args, load...)...); !says(out, want) {
			t.Errorf("%v: got %s; want %s", args, out, want)
		}
	}
}

// TestRouting: the gateway serves the page only if a VirtualService and a
// Gateway define the route together; without either it responds 404.
func TestRouting(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 1, "")
	apply(t, a, `
apiVersion: istio.alibabacloud.com/v1
kind: IstioGateway
metadata: {name: routed}
spec: {gatewayType: ingress, replicaCount: 1}
`)
	rules := map[string]*Apply{}
	for name, manifest := range map[string]string{
		"VirtualService": `{apiVersion: networking.istio.io/v1beta1, kind: VirtualService, metadata: {name: page}, spec: {gateways: [page], hosts: ['*'], http: [{route: [{destination: {host: gw, port: {number: 80}}}]}]}}`,
		"Gateway":        `{apiVersion: networking.istio.io/v1beta1, kind: Gateway, metadata: {name: page}, spec: {selector: {istio: routed}, servers: [{hosts: ['*'], port: {name: http, number: 80, protocol: HTTP}}]}}`,
	} {
		list, err := api.ReadManifests([]byte(manifest))
		if err != nil {
			t.Fatal(err)
		}
		rules[name] = &Apply{Access: a, Manifests: list}
		run(t, rules[name])
		t.Cleanup(func() { undo(t, rules[name]) })
	}
	page := &Address{Access: a, Service: "istio-routed"}
	run(t, page)
	for name, rule := range rules {
		undo(t, rule)
		addr, why := page.of(t.Context(), read(t, a, api.Ref{Kind: "service", Name: "istio-routed"}))
		await(t, "404 without "+name+why, func() bool {
			err := page.serves(t.Context(), addr)
			return err != nil && strings.HasSuffix(err.Error(), "responded 404 Not Found")
		})
		run(t, rule)
		run(t, page)
	}
}

// TestAPIServerAwayInRun: the API server becomes unreachable during a load. The
// load's report is complete, the verdict is inconclusive, and the report names
// the failed step.
func TestAPIServerAwayInRun(t *testing.T) {
	a := access(t)
	start(t, a, 2, "")
	url := gatewayURL(t, a)
	dir := t.TempDir()
	plane := planeProcess(t)
	scenario := `
target: ` + url + `
load: {requests: 200, connections: 4, rate: 25}
clusters: {here: {namespace: ` + a.Namespace + `}}
variants: {only: {fail-if: ["lost > 0"]}}
timeline:
  - {name: the API server goes, at: 30%, exec: "kill -USR1 ` + strconv.Itoa(plane) + `"}
  - {after: the API server goes + 300ms, kube: {scale: deployment/gw, replicas: 1}}
restore:
  - exec: kill -USR2 ` + strconv.Itoa(plane) + `
`
	write(t, dir, "away.yaml", scenario)
	out := nodrop(t, dir, 3, "scenario", "run", "--yes", "away.yaml")
	for _, want := range []string{"planned 200 = started 200 + unsent 0\n", "Verdict: inconclusive: ", "scale deployment/gw to 1: "} {
		if !says(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	await(t, "the API server is back", func() bool { return !isAway(a) })
	if n := api.Number(read(t, a, gw()), "spec", "replicas"); n != 2 {
		t.Errorf("%d replicas; want 2: nothing was done", n)
	}
}
