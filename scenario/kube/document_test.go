package kube

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"nodrop/loadgen"
)

// program builds nodrop.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nodrop")
	if out, err := exec.Command("go", "build", "-o", path, "../..").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// nodrop runs it in a directory, which must end with this exit code.
func nodrop(t *testing.T, path, dir string, code int, args ...string) string {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("nodrop %s: exit code %d (%v); want %d\n%s", strings.Join(args, " "), got, err, code, out)
	}
	return string(out)
}

// TestDocument is the document's procedure, whole: the file that init asm writes,
// with a smaller load, on a gateway that is there already. Without graceful
// shutdown requests are refused, with it none is lost, and afterwards the gateway
// is what it was.
//
// The gateway's pods are a proxy that ends at TERM or, again, Envoy itself.
func TestDocument(t *testing.T) {
	for name, labels := range map[string]string{"proxy": "{}", "envoy": "{nodrop.test/gateway: envoy}"} {
		t.Run(name, func(t *testing.T) { document(t, labels) })
	}
}

func document(t *testing.T, labels string) {
	t.Helper()
	access(t)
	mesh := &Access{Namespace: "istio-system"}
	apply(t, mesh, `
apiVersion: istio.alibabacloud.com/v1
kind: IstioGateway
metadata: {name: ingressgateway, annotations: {ours: kept}, labels: `+labels+`}
spec: {gatewayType: ingress, replicaCount: 3}
`)
	dir, path := t.TempDir(), program(t)
	file := nodrop(t, path, dir, 0, "scenario", "init", "asm")
	file = strings.NewReplacer(
		"requests: 50000", "requests: 6000", "connections: 200", "connections: 40", "settle: 10s", "settle: 3s", "{DRAIN: 30s}", "{DRAIN: 10s}",
	).Replace(file)
	if err := os.WriteFile(filepath.Join(dir, "asm.yaml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	kubeconfig := os.Getenv("KUBECONFIG")
	set := []string{"scenario", "run", "asm.yaml", "--set", "ASM_KUBECONFIG=" + kubeconfig, "--set", "ACK_KUBECONFIG=" + kubeconfig}
	asked := nodrop(t, path, dir, 2, set...)
	for _, want := range []string{"istiogateway/ingressgateway: scale to 1, and back to what it was\n", "\nnodrop: nobody is there to be asked\n"} {
		if !strings.Contains(asked, want) {
			t.Errorf("without --yes: no %q in\n%s", want, asked)
		}
	}
	out := nodrop(t, path, dir, 0, append(set, "--yes", "-o", "text", "-o", "json=run.json")...)
	saved, err := os.Open(filepath.Join(dir, "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = saved.Close() }()
	recording, err := loadgen.ReadRecording(saved)
	if err != nil || len(recording.Runs) != 2 {
		t.Fatalf("%v, %d runs", err, len(recording.Runs))
	}
	off, on := recording.Runs[0], recording.Runs[1]
	if off.Counts.Lost == 0 || on.Counts.Lost != 0 || on.Counts.OK < 6000 {
		t.Errorf("off lost %d, on lost %d of %d", off.Counts.Lost, on.Counts.Lost, on.Counts.Started)
	}
	for _, run := range recording.Runs {
		kinds := map[loadgen.MarkKind]int{}
		for _, m := range run.Marks {
			kinds[m.Kind]++
		}
		if kinds[loadgen.MarkTerminating] != 9 || kinds[loadgen.MarkNotReady] != 9 || kinds[loadgen.MarkExited] != 9 {
			t.Errorf("%s: marks %v; want the life of nine pods", run.Variant, kinds)
		}
	}
	for _, want := range []string{"connect: connection refused", "after termination began: balancers", "lifecycle.preStop.sleep.seconds: "} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	gateway := read(t, mesh, Ref{"istiogateway", "ingressgateway"})
	if n := number(gateway, "spec", "replicaCount"); n != 3 {
		t.Errorf("replicaCount is %d afterwards; want 3", n)
	}
	if got := shown(at(gateway, "metadata", "annotations")); got != `{"ours":"kept"}` {
		t.Errorf("annotations are %s afterwards", got)
	}
}

// TestQuickForm: a plain load with --scale and with --restart: what is done
// meanwhile is told, and undone.
func TestQuickForm(t *testing.T) {
	a := access(t)
	start(t, a, 4, "lifecycle: {preStop: {sleep: {seconds: 4}}}")
	run(t, &Address{Access: a, Service: "gw"})
	url := "http://" + text(read(t, a, Ref{"service", "gw"}), "spec", "clusterIP") + "/"
	path := program(t)
	load := []string{"-n", "2000", "-c", "20", "-q", "50", "-disable-keepalive", "--settle", "2s", "--yes", "-N", a.Namespace, url}
	for name, args := range map[string][]string{"scale deployment/gw to 1": {"--scale", "deployment/gw=1"}, "restart deploy/gw": {"--restart", "deploy/gw"}} {
		out := nodrop(t, path, t.TempDir(), 0, append(args, load...)...)
		for _, want := range []string{" lost 0 + spoiled 0 + aborted 0\n", "   " + name + "\n", "\nVerdict: pass.\n", " exited: gw-"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", name, want, out)
			}
		}
		run(t, &Wait{Access: a, Object: gw(), Rollout: true})
		if n := number(read(t, a, gw()), "spec", "replicas"); n != 4 {
			t.Errorf("%s: %d replicas afterwards; want 4", name, n)
		}
	}
	for want, args := range map[string][]string{
		`--scale "deployment/gw": want KIND/NAME=REPLICAS`:   {"--scale", "deployment/gw"},
		"--scale and --restart: one of them":                 {"--scale", "deployment/gw=1", "--restart", "deployment/gw"},
		"--keep: a restart is not put back":                  {"--restart", "deployment/gw", "--keep"},
		`--restart "gw": want KIND/NAME, such as deployment`: {"--restart", "gw"},
		`deployments.apps "none" not found`:                  {"--restart", "deployment/none"},
		"kubernetes: context \"none\" does not exist":        {"--restart", "deployment/gw", "--context", "none"},
	} {
		if out := nodrop(t, path, t.TempDir(), 2, append(args, load...)...); !strings.Contains(out, want) {
			t.Errorf("%v: got %s; want %s", args, out, want)
		}
	}
}

// TestRouting: the gateway serves the page by what VirtualService and Gateway say
// together; without either it answers 404.
func TestRouting(t *testing.T) {
	a := access(t)
	start(t, a, 1, "")
	apply(t, a, `
apiVersion: istio.alibabacloud.com/v1
kind: IstioGateway
metadata: {name: ingressgateway}
spec: {gatewayType: ingress, replicaCount: 1}
`)
	rules := map[string]*Apply{}
	for name, manifest := range map[string]string{
		"VirtualService": `{apiVersion: networking.istio.io/v1beta1, kind: VirtualService, metadata: {name: page}, spec: {gateways: [page], hosts: ['*'], http: [{route: [{destination: {host: gw, port: {number: 80}}}]}]}}`,
		"Gateway":        `{apiVersion: networking.istio.io/v1beta1, kind: Gateway, metadata: {name: page}, spec: {selector: {istio: ingressgateway}, servers: [{hosts: ['*'], port: {name: http, number: 80, protocol: HTTP}}]}}`,
	} {
		list, err := ReadManifests([]byte(manifest))
		if err != nil {
			t.Fatal(err)
		}
		rules[name] = &Apply{Access: a, Manifests: list}
		run(t, rules[name])
		t.Cleanup(func() { undo(t, rules[name]) })
	}
	page := &Address{Access: a, Service: "istio-ingressgateway"}
	run(t, page)
	for name, rule := range rules {
		undo(t, rule)
		addr, why := page.of(t.Context(), read(t, a, Ref{"service", "istio-ingressgateway"}))
		await(t, "404 without "+name+why, func() bool {
			err := page.serves(t.Context(), addr)
			return err != nil && strings.HasSuffix(err.Error(), "answers 404 Not Found")
		})
		run(t, rule)
		run(t, page)
	}
}

// TestAPIServerAwayInRun: the API server goes while a load runs. The load's report
// is complete, the verdict inconclusive, and what is left to do is told.
func TestAPIServerAwayInRun(t *testing.T) {
	a := access(t)
	start(t, a, 2, "")
	run(t, &Address{Access: a, Service: "gw"})
	url := "http://" + text(read(t, a, Ref{"service", "gw"}), "spec", "clusterIP") + "/"
	dir, path := t.TempDir(), program(t)
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
	if err := os.WriteFile(filepath.Join(dir, "away.yaml"), []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	out := nodrop(t, path, dir, 3, "scenario", "run", "--yes", "away.yaml")
	for _, want := range []string{"planned 200 = started 200 + unsent 0\n", "\nVerdict: inconclusive: ", "scale deployment/gw to 1: "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	await(t, "the API server is back", func() bool { return !isAway(a) })
	if n := number(read(t, a, gw()), "spec", "replicas"); n != 2 {
		t.Errorf("%d replicas; want 2: nothing was done", n)
	}
}
