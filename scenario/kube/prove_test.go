package kube

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"nodrop/scenario/kube/api"
)

// small is the load of a proof, whose requests take no time. On a busy machine, the
// data plane takes seconds to hear of a change.
var small = []string{"-n", "600", "-c", "20", "-q", "20", "-disable-keepalive", "--settle", "3s", "--progress", "off"}

// lastLine returns the last line of an output that is not wrapped.
func lastLine(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}

// proveIn runs nodrop prove in a directory, with stderr apart.
func proveIn(t *testing.T, dir string, code int, args ...string) (report, said string) {
	t.Helper()
	got, report, said := proof(t, dir, args...)
	if got != code {
		t.Fatalf("nodrop prove %s: exit code %d; want %d\n%s\n%s", strings.Join(args, " "), got, code, report, said)
	}
	return report, said
}

// proof is proveIn with any exit code.
func proof(t *testing.T, dir string, args ...string) (code int, report, said string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command("nodrop", append([]string{"prove"}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	_ = cmd.Run() // the exit code says more
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// template returns what a proof may change of a Deployment.
func template(t *testing.T, a *api.Access) string {
	t.Helper()
	now := read(t, a, gw())
	strategy, _ := api.At(now, "spec", "strategy")
	pod, _ := api.At(now, "spec", "template", "spec")
	text, err := json.Marshal([]any{strategy, pod, api.Number(now, "spec", "replicas")})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// applyPatch applies a patch file, as kubectl patch --patch-file does.
func applyPatch(t *testing.T, a *api.Access, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	list, err := api.ReadManifests(text)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d documents, %v:\n%s", len(list), err, text)
	}
	run(t, &Patch{Access: a, Object: api.RefOf(list[0]), Patch: api.Patching{Type: types.StrategicMergePatchType, Fields: list[0]}})
}

// served returns the command of a pod in the manifest, and one that first waits
// for some seconds.
func served(after string) (command, later string) {
	program := os.Getenv("CONTROLPLANE_PROGRAM")
	return fmt.Sprintf("command: [%q, serve]", program), fmt.Sprintf(`command: [sh, -c, "sleep %s; exec %s serve \"$@\"", sh]`, after, program)
}

// TestProve: what loses requests is found, changed, and proven to be fixed. The
// Deployment is as before then, and with the patch file, another one loses none.
func TestProve(t *testing.T) {
	t.Parallel()
	const (
		hook      = "lifecycle: {preStop: {exec: {command: [sleep, '4']}}}" // a sleep as long as the grace period would be refused
		atOnce    = "  strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 100%, maxSurge: 0}}\n"
		longGrace = "terminationGracePeriodSeconds: 20"
	)
	for name, tt := range map[string]struct {
		pod, container, strategy string
		start                    string // seconds until a pod serves
		delay                    string // of each response
		words                    string // of the change
	}{
		"no hook":             {longGrace, "", "", "0", "0s", "with preStop.sleep "},
		"grace too short":     {"terminationGracePeriodSeconds: 1", hook, "", "0", "1500ms", "with terminationGracePeriodSeconds "},
		"all at once":         {longGrace, hook, atOnce, "7", "0s", "maxUnavailable 0"},
		"all at once no hook": {longGrace, "", atOnce, "0", "0s", "maxUnavailable 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := access(t)
			load := small
			if tt.delay != "0s" {
				load = []string{"-n", "400", "-c", "40", "-disable-keepalive", "--settle", "4s", "--progress", "off"}
			}
			serves, later := served(tt.start)
			manifests := strings.NewReplacer(
				"  replicas: 4\n", "  replicas: 4\n"+tt.strategy, `:8080"]`, `:8080", "--delay", `+tt.delay+`]`, serves, later, "periodSeconds: 1}", "periodSeconds: 1, timeoutSeconds: 5}",
			).Replace(gateways(4, tt.pod, tt.container))
			apply(t, a, manifests)
			run(t, &Wait{Access: a, Object: gw(), Rollout: true})
			url, before := gatewayURL(t, a), template(t, a)
			dir := t.TempDir()
			out, said := proveIn(t, dir, 0, append(load, "--restart", "deployment/gw", "--yes", "-N", a.Namespace, "-o", "text", "-o", "json=run.json", "-o", "patch=fix.yaml", url)...)
			if got := lastLine(out); !strings.HasPrefix(got, "fixed: ") || !strings.Contains(got, tt.words) || !strings.HasSuffix(got, "; patch in fix.yaml") {
				t.Errorf("the last line is %q\n%s\n%s", got, out, said)
			}
			if !strings.Contains(said, "nodrop: this would help: ") || !strings.Contains(said, "\n  +++ deployment/gw\n") {
				t.Errorf("no diff is shown:\n%s", said)
			}
			if after := template(t, a); after != before {
				t.Errorf("not put back:\n%s\nwas\n%s", after, before)
			}
			if runs := recorded(t, filepath.Join(dir, "run.json")); runs[0].Variant != "as it is" || runs[0].Counts.Lost == 0 || runs[len(runs)-1].Counts.Lost != 0 {
				t.Errorf("%d runs, the first %q", len(runs), runs[0].Variant)
			}
			fresh := &api.Access{Namespace: a.Namespace + "-fresh"}
			namespace(t, fresh.Namespace)
			apply(t, fresh, manifests)
			applyPatch(t, fresh, filepath.Join(dir, "fix.yaml"))
			run(t, &Replaced{Access: fresh, Object: gw()})
			nodrop(t, dir, 0, append(load, "--restart", "deployment/gw", "--settle", "4s", "--yes", "-N", fresh.Namespace, gatewayURL(t, fresh))...)
		})
	}
}

// TestProveKeeps: with --keep the change stays.
func TestProveKeeps(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 4, "")
	url := gatewayURL(t, a)
	out, _ := proveIn(t, t.TempDir(), 0, append(small, "--scale", "deployment/gw=1", "--repeat", "2", "--keep", "--yes", "-N", a.Namespace, url)...)
	if got := lastLine(out); !strings.HasPrefix(got, "fixed: ") || !strings.HasSuffix(got, "; kept") || !strings.Contains(got, "in each of 2 runs") {
		t.Errorf("the last line is %q", got)
	}
	now := read(t, a, gw())
	if n := api.Number(now, "spec", "replicas"); n != 4 || !strings.Contains(template(t, a), `"preStop":{"sleep":{"seconds":`) {
		t.Errorf("%d replicas, %s", n, template(t, a))
	}
}

// TestProveEvents: whatever takes the pods away, their Deployment is what changes.
func TestProveEvents(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 4, "")
	url, before := gatewayURL(t, a), template(t, a)
	for _, event := range [][]string{{"--delete-pod", "app=gw", "--count", "2"}, {"--evict", "app=gw", "--count", "2"}} {
		args := append(slices.Concat(small, event), "--settle", "5s", "--yes", "-N", a.Namespace, url) // new pods become ready long after
		out, _ := proveIn(t, t.TempDir(), 0, args...)
		if got := lastLine(out); !strings.HasPrefix(got, "fixed: ") || !strings.Contains(got, "with preStop.sleep ") {
			t.Errorf("%s: the last line is %q\n%s", event, got, out)
		}
		run(t, &Replaced{Access: a, Object: gw()})
		if after := template(t, a); after != before {
			t.Errorf("%s: not put back: %s", event, after)
		}
	}
}

// TestProveAgain: before each run of the target as it is, the pods with a change are
// gone.
func TestProveAgain(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"delete-pod", "drain-node"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := access(t)
			nodes := drainable(t, a)
			event := map[string][]string{"delete-pod": {"--delete-pod", "app=gw", "--count", "2"}, "drain-node": {"--drain-node", nodes.second}}[name]
			slow := strings.Replace(nodes.gateways(4, ""), "  replicas: 4\n", "  replicas: 4\n  minReadySeconds: 4\n", 1) // to roll out
			apply(t, a, slow)
			run(t, &Wait{Access: a, Object: gw(), Rollout: true})
			dir := t.TempDir()
			args := append(slices.Concat(small, event), "--repeat", "2", "--settle", "5s", "--yes", "-N", a.Namespace, "-o", "text", "-o", "json=run.json", gatewayURL(t, a))
			code, out, said := proof(t, dir, args...)
			got := lastLine(out) // how long balancers take varies on a busy machine
			if fixed := strings.HasPrefix(got, "fixed: "); !fixed && !strings.HasPrefix(got, "better: ") || fixed != (code == 0) || !strings.Contains(got, "with preStop.sleep ") {
				t.Errorf("exit code %d; the last line is %q\n%s\n%s", code, got, out, said)
			}
			for _, r := range recorded(t, filepath.Join(dir, "run.json")) {
				if r.Variant == "as it is" && r.Counts.Lost == 0 {
					t.Errorf("as it is, run %d: nothing lost", r.Repetition)
				}
			}
		})
	}
}

// TestProveOlderCluster: before Kubernetes 1.30 a command sleeps.
func TestProveOlderCluster(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 4, "")
	url := gatewayURL(t, a)
	older := through(t, a, func(proxy http.Handler, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/version" {
			_, _ = w.Write([]byte(`{"major": "1", "minor": "29+"}`))
			return
		}
		proxy.ServeHTTP(w, r)
	})
	out, _ := proveIn(t, t.TempDir(), 0, append(small, "--scale", "deployment/gw=1", "--yes", "--kubeconfig", older.Kubeconfig, "-N", a.Namespace, url)...)
	if got := lastLine(out); !strings.HasPrefix(got, "fixed: ") || !strings.Contains(got, "with preStop.exec sleep ") {
		t.Errorf("the last line is %q", got)
	}
}

// TestProveNothingHelps: a pre-stop hook that has work to do is left alone. Other
// settings would not help.
func TestProveNothingHelps(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 4, "lifecycle: {preStop: {exec: {command: [sh, -c, 'echo bye']}}}")
	url, before := gatewayURL(t, a), template(t, a)
	dir := t.TempDir()
	out, _ := proveIn(t, dir, 1, append(small, "--restart", "deployment/gw", "--yes", "-N", a.Namespace, "-o", "text", "-o", "patch=fix.yaml", url)...)
	if got := lastLine(out); !regexp.MustCompile(`^no change: [\d,]+ of [\d,]+ lost in [\d.]+ m?s; .*closed-before-removed: container gw has a pre-stop hook of its own`).MatchString(got) || strings.Contains(got, "patch in") {
		t.Errorf("the last line is %q", got)
	}
	if after := template(t, a); after != before {
		t.Errorf("not put back: %s", after)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) > 0 {
		t.Errorf("files: %v", files)
	}
}

// TestProveCannot: what keeps a change from being made is named before anything is
// half done. Where the change is known, its patch is written.
func TestProveCannot(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 4, "")
	url, before := gatewayURL(t, a), template(t, a)
	event := slices.Clip(append(small, "--scale", "deployment/gw=1", "--yes", "-N", a.Namespace))
	unchanged := func(what string) {
		t.Helper()
		if after := template(t, a); after != before {
			t.Errorf("%s: not as before: %s", what, after)
		}
	}
	cannot := func(t *testing.T, want string, args ...string) {
		t.Helper()
		dir := t.TempDir()
		out, said := proveIn(t, dir, 3, append(append(event, args...), "-o", "text", "-o", "patch=fix.yaml", url)...)
		if got := lastLine(out); !strings.HasPrefix(got, "cannot tell: preStop.sleep ") || !strings.Contains(got, want) || !strings.HasSuffix(got, "; patch in fix.yaml") {
			t.Errorf("the last line is %q; want %s\n%s", got, want, said)
		}
		if text, err := os.ReadFile(filepath.Join(dir, "fix.yaml")); err != nil || !bytes.Contains(text, []byte("preStop:")) {
			t.Errorf("%v\n%s", err, text)
		}
		unchanged(want)
	}
	t.Run("rights", func(t *testing.T) {
		apply(t, a, `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: scaler}
rules:
- {apiGroups: [apps], resources: [deployments], verbs: [get]}
- {apiGroups: [apps], resources: [deployments/scale], verbs: [get, patch]}
- {apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [list]}
- {apiGroups: [""], resources: [pods], verbs: [list, watch]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: scaler}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: scaler}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: limited}]
`)
		cannot(t, "was not tried: missing permissions in namespace "+a.Namespace+": patch deployments", "--kubeconfig", os.Getenv("CONTROLPLANE_LIMITED"))
	})
	t.Run("an admission webhook", func(t *testing.T) {
		refuse(t, a)
		cannot(t, `admission webhook "hooks.nodrop.test" denied the request: no hooks here`)
	})
	t.Run("an autoscaler", func(t *testing.T) {
		apply(t, a, `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: fights}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: gw}, minReplicas: 2, maxReplicas: 9}
`)
		_, said := proveIn(t, t.TempDir(), 2, append(event, url)...)
		if !says(said, "HorizontalPodAutoscaler fights scales it (2 to 9 replicas) and would revert the change") {
			t.Errorf("got %s", said)
		}
		unchanged("an autoscaler")
	})
	t.Run("declined", func(t *testing.T) {
		dir := t.TempDir()
		args := append(small, "--scale", "deployment/gw=1", "-N", a.Namespace, "-o", "text=report", "-o", "patch=fix.yaml", url)
		cmd := exec.Command("script", "-qec", "nodrop prove "+strings.Join(args, " "), "/dev/null") // with a terminal
		cmd.Dir, cmd.Stdin = dir, strings.NewReader("y\nn\n")
		out, _ := cmd.CombinedOutput() // it has the exit code of nodrop
		if code := cmd.ProcessState.ExitCode(); code != 3 {
			t.Errorf("exit code %d\n%s", code, out)
		}
		for _, want := range []string{"Continue? [y/N]", "+++ deployment/gw", "Make this change and run again? [y/N]"} {
			if !says(string(out), want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
		report, err := os.ReadFile(filepath.Join(dir, "report"))
		if got := lastLine(string(report)); err != nil || !strings.Contains(got, "was not tried: you declined; ") || !strings.HasSuffix(got, "; patch in fix.yaml") {
			t.Errorf("the last line is %q, %v", got, err)
		}
		unchanged("declined")
	})
	t.Run("nobody to ask", func(t *testing.T) {
		_, said := proveIn(t, t.TempDir(), 2, append(small, "--scale", "deployment/gw=1", "-N", a.Namespace, url)...)
		if !says(said, "cannot ask for confirmation: stdin is not a terminal hint: add --yes") {
			t.Errorf("got %s", said)
		}
		unchanged("nobody to ask")
	})
}

// refuse starts an admission webhook that denies every pre-stop hook in the
// namespace.
func refuse(t *testing.T, a *api.Access) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Request    struct {
				UID    string          `json:"uid"`
				Object json.RawMessage `json:"object"`
			} `json:"request"`
		}
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			t.Error(err)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"apiVersion": review.APIVersion, "kind": review.Kind,
			"response": map[string]any{
				"uid": review.Request.UID, "allowed": !bytes.Contains(review.Request.Object, []byte(`"preStop"`)),
				"status": map[string]any{"message": "no hooks here"},
			},
		})
	}))
	t.Cleanup(server.Close)
	bundle := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	apply(t, &api.Access{}, fmt.Sprintf(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: hooks-%s}
webhooks:
- name: hooks.nodrop.test
  admissionReviewVersions: [v1]
  sideEffects: None
  clientConfig: {url: %q, caBundle: %s}
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}
  rules: [{apiGroups: [apps], apiVersions: [v1], operations: [UPDATE], resources: [deployments], scope: "*"}]
`, strings.ToLower(rand.Text()), server.URL, bundle, a.Namespace))
}

// saidIn returns what a nodrop under way has printed so far.
func saidIn(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestProveInterrupted: whenever it is interrupted, everything is put back.
func TestProveInterrupted(t *testing.T) {
	t.Parallel()
	for name, when := range map[string]func(s proofState) bool{
		"once it says what it will change": func(s proofState) bool { return says(s.said, "this will change:") },
		"during the event":                 func(s proofState) bool { return s.scaled },
		"once it is patched":               func(s proofState) bool { return s.patched },
		"during the event with the change": func(s proofState) bool { return s.patched && s.scaled },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			interruptProof(t, when, func(interrupt func()) { interrupt() })
		})
	}
}

// TestProveInterruptedAway: the same while the API server is away.
func TestProveInterruptedAway(t *testing.T) {
	plane := planeProcess(t)
	interruptProof(t, func(s proofState) bool { return s.patched }, func(interrupt func()) {
		sendSignal(t, plane, syscall.SIGUSR1)
		await(t, "the API server is away", func() bool { return isAway(&api.Access{}) })
		interrupt()
		time.Sleep(time.Second) // an undo or two fails meanwhile; it need not
		sendSignal(t, plane, syscall.SIGUSR2)
	})
}

// proofState is how far a proof has got.
type proofState struct {
	said            string
	patched, scaled bool
}

// interruptProof interrupts a proof at a moment, in its own way.
func interruptProof(t *testing.T, when func(proofState) bool, how func(interrupt func())) {
	t.Helper()
	a := access(t)
	start(t, a, 3, "")
	url, before, dir := gatewayURL(t, a), template(t, a), t.TempDir()
	file, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	cmd := exec.Command("nodrop", append([]string{"prove", "--scale", "deployment/gw=1", "--settle", "5s", "--yes", "-N", a.Namespace, url}, small...)...)
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil { // the moment never came
			t.Log(saidIn(t, dir))
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	await(t, "the moment has come", func() bool {
		now := read(t, a, gw())
		spec, _ := api.At(now, "spec", "template")
		return when(proofState{saidIn(t, dir), strings.Contains(api.Shown(spec, true), "preStop"), api.Number(now, "spec", "replicas") == 1})
	})
	how(func() { sendSignal(t, cmd.Process.Pid, syscall.SIGINT) })
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d\n%s", code, saidIn(t, dir))
	}
	await(t, "the API server is there", func() bool { return !isAway(a) })
	if after := template(t, a); after != before {
		t.Errorf("not put back: %s\n%s", after, saidIn(t, dir))
	}
}

// provenGateway returns an IstioGateway and the scenario that scales it in.
func provenGateway(name, version string) (manifest, scenario string) {
	manifest = `
apiVersion: istio.alibabacloud.com/v1
kind: IstioGateway
metadata: {name: ` + name + `, annotations: {ours: kept}, labels: {nodrop.test/asm-version: "` + version + `"}}
spec: {gatewayType: ingress, replicaCount: 4}
`
	scenario = `
target: http://gateway/
load: {requests: 600, connections: 20, rate: 20, keep-alive: false}
settle: 3s
clusters: {mesh: {namespace: istio-system}}
gate:
  - kube: {address: istio-` + name + `, serves: /}
timeline:
  - {at: 20%, kube: {scale: istiogateway/` + name + `, replicas: 1, pods: {selector: istio=` + name + `}}}
`
	return manifest, scenario
}

// TestProveGateway: on an IstioGateway, the annotation of its version is what
// helps.
func TestProveGateway(t *testing.T) {
	t.Parallel()
	needsControlPlane(t)
	for version, want := range map[string]string{
		"1.25": "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain-timeout",
		"1.26": "asm.alibabacloud.com/gateway-drain-timeout-seconds",
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			mesh, ref, dir := routedGateway(t, access(t), "proven-"+strings.ReplaceAll(version, ".", "-"), version)
			before := read(t, mesh, ref)
			out, said := proveIn(t, dir, 0, "s.yaml", "--yes", "--progress", "off", "-o", "text", "-o", "json=run.json", "-o", "patch=fix.yaml")
			if got := lastLine(out); !strings.HasPrefix(got, "fixed: ") || !strings.Contains(got, "with drain timeout 10 s none of ") {
				t.Errorf("the last line is %q\n%s\n%s", got, out, said)
			}
			text, err := os.ReadFile(filepath.Join(dir, "fix.yaml"))
			if err != nil || !strings.Contains(string(text), want+`: "10"`) {
				t.Errorf("the patch is %s, %v", text, err)
			}
			after := read(t, mesh, ref)
			for _, path := range [][]string{{"metadata", "annotations"}, {"spec"}} {
				was, _ := api.At(before, path...)
				if is, _ := api.At(after, path...); !api.Same(was, is) {
					t.Errorf("not put back: %s is %s; was %s", strings.Join(path, "."), api.Shown(is, true), api.Shown(was, true))
				}
			}
			if runs := recorded(t, filepath.Join(dir, "run.json")); len(runs) != 2 || runs[1].Counts.Lost != 0 || runs[0].Counts.Lost == 0 {
				t.Errorf("%d runs", len(runs))
			}
		})
	}
}
