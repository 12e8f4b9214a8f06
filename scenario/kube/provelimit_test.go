package kube

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"nodrop/scenario/kube/api"
)

// uncured checks that a proof ends with no change and one of these reasons, that the
// Deployment is as before, and that no patch is written.
func uncured(t *testing.T, a *api.Access, reasons, args []string) {
	t.Helper()
	before, dir := template(t, a), t.TempDir()
	if strings.HasSuffix(args[len(args)-1], ".yaml") {
		dir = filepath.Dir(args[len(args)-1])
	}
	out, said := proveIn(t, dir, 1, append([]string{"--yes", "--keep", "--progress", "off", "-o", "text", "-o", "patch=fix.yaml"}, args...)...)
	got := lastLine(out)
	if !strings.HasPrefix(got, "no change: ") || !slices.ContainsFunc(reasons, func(reason string) bool { return strings.HasSuffix(got, "; "+reason) }) {
		t.Errorf("the last line is %q; want no change and one of %q\n%s\n%s", got, reasons, out, said)
	}
	if after := template(t, a); after != before {
		t.Errorf("not as before:\n%s; was\n%s", after, before)
	}
	if _, err := os.Stat(filepath.Join(dir, "fix.yaml")); err == nil {
		t.Error("a patch is written")
	}
}

// TestProveColdStart: a new pod is ready before it is fast. None of the settings
// that nodrop changes helps against that, so nothing is kept.
func TestProveColdStart(t *testing.T) {
	t.Parallel()
	a := access(t)
	manifest := strings.NewReplacer(
		`:8080"]`, `:8080", "--cold", "8s"]`, "httpGet: {path: /, port: 8080}", "tcpSocket: {port: 8080}",
	).Replace(gateways(2, "terminationGracePeriodSeconds: 20", "lifecycle: {preStop: {sleep: {seconds: 6}}}"))
	apply(t, a, manifest)
	run(t, &Wait{Access: a, Object: gw(), Rollout: true})
	reasons := []string{
		"cold-start: no setting that nodrop can change helps against it",
		"nodrop cannot tell why they were lost", // requests that got no response do not show which pod they went to
	}
	uncured(t, a, reasons, []string{
		"-n", "800", "-c", "40", "-q", "10", "-t", "3", "-disable-keepalive", "--scale", "deployment/gw=3", "--settle", "10s", "-N", a.Namespace, gatewayURL(t, a),
	})
}

// TestProveAcceptQueue: a gateway that is reloaded does not hand its listening socket
// over, so connections that wait in its accept queue are reset. The pod that leaves
// at the same time loses none, and no setting of the Deployment helps.
func TestProveAcceptQueue(t *testing.T) {
	t.Parallel()
	a := access(t)
	manifest := strings.NewReplacer(
		`:8080"]`, `:8080", "--one-by-one", "--delay", "50ms"]`, "periodSeconds: 1}", "periodSeconds: 1, timeoutSeconds: 5}",
	).Replace(gateways(2, "terminationGracePeriodSeconds: 20", "lifecycle: {preStop: {sleep: {seconds: 8}}}"))
	apply(t, a, manifest)
	run(t, &Wait{Access: a, Object: gw(), Rollout: true})
	pods := podsOf(t, a)
	statuses := api.Items(pods[0].Object, "status", "containerStatuses")
	process := strings.TrimPrefix(api.Text(statuses[0], "containerID"), "process://")
	dir := t.TempDir()
	write(t, dir, "reload.yaml", `
target: `+gatewayURL(t, a)+`
load: {requests: 200, connections: 40, keep-alive: false}
clusters: {here: {namespace: `+a.Namespace+`}}
timeline:
  - {name: reload, at: 30%, exec: "kill -HUP `+process+`"}
  - {after: reload, kube: {delete-pod: `+pods[1].GetName()+`}}
`)
	uncured(t, a, []string{"accept-queue-reset: no setting that nodrop can change helps against it"}, []string{filepath.Join(dir, "reload.yaml")})
}

// routedGateway starts an IstioGateway of a version that serves a page, and returns
// it and a directory with the scenario that scales it in.
func routedGateway(t *testing.T, a *api.Access, name, version string) (mesh *api.Access, ref api.Ref, dir string) {
	t.Helper()
	start(t, a, 1, "")
	apply(t, a, `
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: page}
spec: {gateways: [page], hosts: ['*'], http: [{route: [{destination: {host: gw, port: {number: 80}}}]}]}
---
apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata: {name: page}
spec: {selector: {istio: `+name+`}, servers: [{hosts: ['*'], port: {name: http, number: 80, protocol: HTTP}}]}
`)
	manifest, scenario := provenGateway(name, version)
	mesh, dir = &api.Access{Namespace: "istio-system"}, t.TempDir()
	apply(t, mesh, manifest)
	write(t, dir, "s.yaml", scenario)
	return mesh, api.Ref{Kind: "istiogateway", Name: name}, dir
}

// drainIn returns the drain timeout that an IstioGateway has; "" if there is none.
func drainIn(t *testing.T, mesh *api.Access, ref api.Ref) string {
	t.Helper()
	return api.Text(read(t, mesh, ref), "metadata", "annotations", "asm.alibabacloud.com/gateway-drain-timeout-seconds")
}

// TestProveGatewayKeeps: with --keep the drain timeout of an IstioGateway stays.
func TestProveGatewayKeeps(t *testing.T) {
	t.Parallel()
	mesh, ref, dir := routedGateway(t, access(t), "kept", "1.26")
	out, said := proveIn(t, dir, 0, "s.yaml", "--yes", "--keep", "--progress", "off", "-o", "text")
	if got := lastLine(out); !strings.HasPrefix(got, "fixed: ") || !strings.HasSuffix(got, "; kept") {
		t.Errorf("the last line is %q\n%s", got, said)
	}
	if got := drainIn(t, mesh, ref); got != "10" {
		t.Errorf("the drain timeout is %q; want 10", got)
	}
}

// TestProveGatewayKeepInterrupted: an interrupt before the change is kept, or while
// the gateway restarts with it, puts it back, and the report does not say that it is
// kept.
func TestProveGatewayKeepInterrupted(t *testing.T) {
	t.Parallel()
	for name, sets := range map[string]int{"in the run with it": 1, "while it is kept": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mesh, ref, dir := routedGateway(t, access(t), strings.ReplaceAll(name, " ", "-"), "1.26")
			file, err := os.Create(filepath.Join(dir, "said"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			cmd := exec.Command("nodrop", "prove", "s.yaml", "--yes", "--keep", "--progress", "off", "-o", "text=report")
			cmd.Dir, cmd.Stdout, cmd.Stderr = dir, file, file
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = cmd.Wait() // the exit code is checked below
			}()
			t.Cleanup(func() {
				_ = cmd.Process.Kill() // if the moment never came
				<-ended
			})
			seen, set := 0, false // how often it was set, and whether it is
			await(t, "it is set", func() bool {
				select {
				case <-ended:
					t.Fatalf("it has ended before\n%s", saidIn(t, dir))
				default:
				}
				now := drainIn(t, mesh, ref) != ""
				if now && !set {
					seen++
				}
				set = now
				return seen == sets
			})
			sendSignal(t, cmd.Process.Pid, syscall.SIGINT)
			<-ended
			if code := cmd.ProcessState.ExitCode(); code != 130 {
				t.Errorf("exit code %d\n%s", code, saidIn(t, dir))
			}
			if got := drainIn(t, mesh, ref); got != "" {
				t.Errorf("the drain timeout is %q; want none\n%s", got, saidIn(t, dir))
			}
			report, err := os.ReadFile(filepath.Join(dir, "report"))
			if got := lastLine(string(report)); err != nil || strings.Contains(got, "; kept") {
				t.Errorf("the last line is %q, %v", got, err)
			}
			if said := saidIn(t, dir); !says(said, "nodrop: interrupted: the change is not kept") {
				t.Errorf("it does not say that the change is not kept:\n%s", said)
			}
		})
	}
}

// TestFind: the smallest pre-stop sleep of a Deployment with which a restart loses
// nothing is found, and the Deployment is as before.
func TestFind(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 2, "")
	before, dir := template(t, a), t.TempDir()
	write(t, dir, "find.yaml", `
target: `+gatewayURL(t, a)+`
load: {requests: 300, connections: 20, rate: 20, keep-alive: false}
settle: 1s
clusters: {here: {namespace: `+a.Namespace+`}}
search: {var: SLEEP, from: "0", to: "8", step: "4", confirm: 1}
setup:
  - kube: {patch: deployment/gw, type: strategic, with: {spec: {template: {spec: {containers: [{name: gw, lifecycle: {preStop: {exec: {command: [sleep, "${SLEEP}"]}}}}]}}}}}
  - kube: {wait: deployment/gw, for: rollout}
gate: [{wait: 5s}] # balancers may still know the pods of the run before
variants: {only: {expect: ["lost == 0"]}}
timeline:
  - {at: 20%, kube: {restart: deployment/gw}}
`)
	out := nodrop(t, dir, 0, "scenario", "run", "find.yaml", "--yes", "--progress", "off", "-o", "text")
	if !says(out, "smallest safe SLEEP: 4") || !says(out, "It lost nothing in 1 of 1 runs") && !says(out, "It lost nothing in 1 of 1 run") {
		t.Errorf("got\n%s", out)
	}
	if after := template(t, a); after != before {
		t.Errorf("not put back:\n%s; was\n%s", after, before)
	}
}

// TestFindRange: a range that an IstioGateway of this version does not take is refused
// before the first run, also where only its pods show the version.
func TestFindRange(t *testing.T) {
	t.Parallel()
	mesh, ref, dir := routedGateway(t, access(t), "searched", "1.25")
	run(t, &Wait{Access: mesh, Object: api.Ref{Kind: "deployment", Name: "istio-searched"}, Rollout: true})
	_, scenario := provenGateway("searched", "1.25")
	write(t, dir, "s.yaml", scenario+`
search: {var: DRAIN, from: 10s, to: 60s, step: 10s}
variants: {only: {expect: ["lost == 0"]}}
setup: [{asm: {cluster: mesh, gateway: searched, graceful: "${DRAIN}"}}]
`)
	before := api.Shown(api.At(read(t, mesh, ref), "spec"))
	out := nodrop(t, dir, 2, "scenario", "run", "s.yaml", "--yes", "--progress", "off")
	if !says(out, "a drain timeout of 60 s: ASM before 1.26 accepts 10 to 30 seconds") || !says(out, "hint: nothing was changed") {
		t.Errorf("got %s", out)
	}
	if after := api.Shown(api.At(read(t, mesh, ref), "spec")); after != before {
		t.Errorf("it is %s; was %s", after, before)
	}
}
