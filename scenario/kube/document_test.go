package kube

import (
	"os"
	"os/exec"
	"path/filepath"
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
func TestDocument(t *testing.T) {
	access(t)
	mesh := &Access{Namespace: "istio-system"}
	apply(t, mesh, `
apiVersion: istio.alibabacloud.com/v1
kind: IstioGateway
metadata: {name: ingressgateway, annotations: {ours: kept}}
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
	if out := nodrop(t, path, dir, 2, set...); !strings.Contains(out, "istiogateway/ingressgateway: scale to 1, and back to what it was\nnodrop: nobody is there to be asked\n") {
		t.Errorf("without --yes: %s", out)
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
