package kube

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"nodrop/scenario/kube/api"
)

const interruptedScenario = `
target: %s
load: {duration: 20s, connections: 4, rate: 20}
clusters: {c: {namespace: %s}}
setup:
  - {name: bring, kube: {apply: [{apiVersion: v1, kind: ConfigMap, metadata: {name: brought}, data: {x: "1"}}]}}
timeline:
  - {name: fewer, at: 1s, kube: {scale: deployment/gw, replicas: 1}}
restore:
  - {name: give it back, exec: "sleep 0.3; echo >restored"}
`

// TestInterruptedAgain checks that one or two interruptions at any time leave
// the cluster as before, and that after a third nodrop names what it leaves.
func TestInterruptedAgain(t *testing.T) {
	t.Parallel()
	for i := range 10 {
		at, times := time.Duration(i)*500*time.Millisecond+50*time.Millisecond, i%3+1
		first := []syscall.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGTERM}[i%4]
		t.Run(fmt.Sprintf("%v-%v-%d", at, first, times), func(t *testing.T) {
			t.Parallel()
			a := access(t)
			start(t, a, 3, "")
			url := gatewayURL(t, a)
			said := interruptAt(t, fmt.Sprintf(interruptedScenario, url, a.Namespace), at, first, times)
			left := leftBehind(t, a)
			if len(left) > 0 && times < 3 {
				t.Errorf("left: %q\n%s", left, said)
			}
			for _, text := range left {
				if !strings.Contains(said, text) {
					t.Errorf("%q is not named:\n%s", text, said)
				}
			}
		})
	}
}

// interruptAt interrupts a scenario this many times and returns its stderr.
func interruptAt(t *testing.T, text string, at time.Duration, first syscall.Signal, times int) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "s.yaml", text)
	var said bytes.Buffer
	cmd := exec.Command("nodrop", "scenario", "run", "--yes", "--progress", "off", "s.yaml", "-o", "json=run.json")
	cmd.Dir, cmd.Stderr = dir, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "it has opened its output, and so handles signals", func() bool { return len(hidden(dir)) > 0 })
	time.Sleep(at) // samples the run: the same must hold at any time
	for i := range times {
		_ = cmd.Process.Signal([]syscall.Signal{first, syscall.SIGINT, syscall.SIGINT}[i]) // it may have ended
		time.Sleep(80 * time.Millisecond)                                                  // otherwise two signals may merge into one
	}
	_ = cmd.Wait()
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	ended := status.Signaled() && status.Signal() == syscall.SIGINT // the last interrupt came when it was about to exit; a shell says 130, too
	if code := cmd.ProcessState.ExitCode(); code != 130 && !ended {
		t.Errorf("exit code %d\n%s", code, &said)
	}
	if files := hidden(dir); len(files) > 0 {
		t.Errorf("left behind: %v", files)
	}
	return said.String()
}

// hidden lists the outputs under way.
func hidden(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(dir, ".*")) // the pattern is well-formed
	return files
}

// leftBehind lists what was not restored, as nodrop must name it.
func leftBehind(t *testing.T, a *api.Access) (left []string) {
	t.Helper()
	if n := api.Number(read(t, a, gw()), "spec", "replicas"); n != 3 {
		left = append(left, "deployment/gw")
	}
	o, err := a.Object(bounded(t), api.Ref{Kind: "configmap", Name: "brought"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Get(bounded(t)); err == nil {
		left = append(left, "configmap/brought")
	} else if !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	return left
}
