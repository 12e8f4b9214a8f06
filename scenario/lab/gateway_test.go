//go:build unix

package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/scenario/lab/gateway"
)

// installed returns every gateway except the builtin one. Each must be installed.
func installed(t *testing.T) []*gateway.Gateway {
	t.Helper()
	if testing.Short() {
		t.Skipf("NOT RUN because of -short: %s needs installed gateways; make test runs it", t.Name())
	}
	return slices.DeleteFunc(gateway.All(), (*gateway.Gateway).Own)
}

// TestGateways checks, for every gateway and stop mode, the lifecycle of a
// replica, the requests in flight, and that nothing is left.
func TestGateways(t *testing.T) {
	for _, g := range installed(t) {
		for _, mode := range gateway.Modes() {
			t.Run(g.Name+"/"+string(mode), func(t *testing.T) {
				f, err := Start(testContext(t), Options{
					Replicas: 2, Stop: mode, Gateway: g.Name, PreStop: 2 * time.Second, Grace: patience, Propagation: time.Millisecond,
				})
				if err != nil {
					t.Fatal(err)
				}
				expectStopped(t, f, mode)
				if _, err := os.Stat(f.dir); err != nil {
					t.Error(err)
				}
				if err := f.Stop(context.Background()); err != nil {
					t.Error(err)
				}
				if _, err := os.Stat(f.dir); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("its files are still there: %v", err)
				}
				expectNoChildren(t)
			})
		}
	}
}

// TestGatewaysOverTLS is TestGateways over TLS, of the builtin gateway, too.
func TestGatewaysOverTLS(t *testing.T) {
	for _, g := range append(installed(t), gateway.Builtin()) {
		for _, mode := range gateway.Modes() {
			t.Run(g.Name+"/"+string(mode), func(t *testing.T) {
				t.Parallel()
				f := startFleet(t, Options{
					Replicas: 2, Stop: mode, Gateway: g.Name, Proto: gateway.H1S, PreStop: 2 * time.Second, Grace: patience, Propagation: time.Millisecond,
				})
				expectStopped(t, f, mode)
			})
		}
	}
}

// expectStopped removes the second of two replicas during a response.
func expectStopped(t *testing.T, f *Fleet, mode gateway.Mode) {
	t.Helper()
	r := f.replicaAt(2)
	if got := get(t, r); got.StatusCode != 200 || got.Header.Get(gateway.ReplicaHeader) != "gw-2" {
		t.Errorf("got %d of %q", got.StatusCode, got.Header.Get(gateway.ReplicaHeader))
	}
	// Gateways buffer the first kilobytes: only a long response is in flight
	// when its header arrives. It outlasts the stop or the pre-stop delay.
	const size = 200_000
	seconds := map[gateway.Mode]int{gateway.Abrupt: 20, gateway.Naive: 2, gateway.Graceful: 4}[mode]
	body := openBy(t, r.proto.Transport(r.roots), r.url(fmt.Sprintf("/drip?duration=%d&numbytes=%d&delay=0", seconds, size)))
	j, _, wait := inBackground(t, f, 1)
	if mode == gateway.Graceful {
		j.await(t, record.MarkEndpointRemoved, "gw-2")
		if got := get(t, r); got.StatusCode != 200 {
			t.Errorf("terminating, it answers %d", got.StatusCode)
		}
	}
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	n, readErr := drain(body)
	if whole := readErr == nil && n == size; whole != (mode != gateway.Abrupt) {
		t.Errorf("an answer in flight: %d of %d bytes, %v", n, size, readErr)
	}
	terminating, _, _ := j.find(record.MarkTerminating, "gw-2")
	exited, found, _ := j.find(record.MarkExited, "gw-2")
	if !found || exited.Err != nil {
		t.Errorf("no exit, or one with %v", exited.Err)
	}
	closed, seen, _ := j.find(record.MarkListenerClosed, "gw-2")
	if runtime.GOOS != "linux" || mode == gateway.Abrupt {
		return // the exit may come first, and implies it
	}
	if !seen || closed.At.Before(terminating.At) || closed.At.After(exited.At) {
		t.Errorf("listener closed: %v, after %v; exit after %v", seen, closed.At.Sub(terminating.At), exited.At.Sub(terminating.At))
	}
}

func drain(body interface{ Read([]byte) (int, error) }) (n int, err error) {
	buffer := make([]byte, 1<<10)
	for {
		m, err := body.Read(buffer)
		n += m
		if err != nil {
			if err.Error() == "EOF" {
				err = nil
			}
			return n, err
		}
	}
}

// TestGatewayFails checks that errors include the gateway's own output.
func TestGatewayFails(t *testing.T) {
	dir := t.TempDir()
	program := func(name, script string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const version = `[ "$1" = -v ] && { echo nginx/9.8.7; exit 0; }; `
	for name, test := range map[string]struct{ gateway, program, want string }{
		"ends":          {"nginx", program("ends", version+"echo no luck >&2; exit 9"), "gw-1 did not start: exit status 9: no luck"},
		"no version":    {"nginx", program("version", "echo nothing"), "gateway nginx: " + dir + "/version -v does not print a version"},
		"not there":     {"nginx", "/nowhere/nginx", "gateway nginx: cannot run /nowhere/nginx: "},
		"no such":       {"apache", "", `unknown gateway "apache": want one of builtin, envoy, nginx, haproxy, caddy`},
		"own, with one": {"builtin", "/bin/true", "the builtin gateway is this program"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Start(testContext(t), Options{Replicas: 1, Stop: gateway.Abrupt, Gateway: test.gateway, Program: test.program})
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v; want %s", err, test.want)
			}
			expectNoChildren(t)
		})
	}
}

// TestGatewayNotInstalled checks that the hint says how to install the gateway.
func TestGatewayNotInstalled(t *testing.T) {
	t.Setenv("PATH", "/nowhere")
	_, err := Start(testContext(t), Options{Replicas: 1, Stop: gateway.Abrupt, Gateway: "haproxy", Executable: "/nowhere/nodrop"})
	hinted, ok := errors.AsType[*misuse.Error](err)
	if !ok || hinted.Problem != "gateway haproxy: program haproxy not found" || hinted.Hint != "apt-get install haproxy, or --gateway-bin PATH" {
		t.Errorf("got %v", err)
	}
}

// TestRestart checks that all replicas are replaced, at most this many at a
// time, and that new ones serve before the next old ones leave.
func TestRestart(t *testing.T) {
	for _, mode := range gateway.Modes() {
		t.Run(string(mode), func(t *testing.T) {
			f := startFleet(t, Options{Replicas: 3, Stop: mode, PreStop: 20 * time.Millisecond, Grace: patience, Propagation: time.Millisecond})
			j := newJournal()
			if err := f.Restart(testContext(t), 2, j.mark); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"gw-1", "gw-2", "gw-3"} {
				expectLifecycle(t, j, mode, name)
			}
			terminating, _, _ := j.find(record.MarkTerminating, "gw-3")
			for _, name := range []string{"gw-4", "gw-5"} {
				if ready, found, _ := j.find(record.MarkReady, name); !found || ready.At.After(terminating.At) {
					t.Errorf("%s was not ready before gw-3 had to go", name)
				}
			}
			if got, want := f.Replicas(), []string{"gw-4", "gw-5", "gw-6"}; !slices.Equal(got, want) {
				t.Errorf("replicas %v; want %v", got, want)
			}
			seen := handedOut(t, f, 1000)
			if len(seen) != 3 || seen["gw-4"] == 0 || seen["gw-6"] == 0 {
				t.Errorf("the balancer knows %v", seen)
			}
			if err := f.Restart(testContext(t), 5, j.mark); err != nil {
				t.Errorf("a second one: %v", err)
			}
		})
	}
	f := startFleet(t, Options{Replicas: 1, Stop: gateway.Naive})
	if err := f.Restart(testContext(t), 0, nil); err == nil {
		t.Error("want an error: none at a time")
	}
}

// TestRestartFails: if a new replica does not start, the restart ends, and the
// old replicas that were not selected stay.
func TestRestartFails(t *testing.T) {
	f := startFleet(t, Options{Replicas: 2, Stop: gateway.Naive, Executable: impostor(t, "*gw-3*", "echo no luck >&2; exit 9")})
	err := f.Restart(testContext(t), 1, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "gw-3 did not start: exit status 9: no luck") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if got := f.Replicas(); !slices.Contains(got, "gw-2") {
		t.Errorf("replicas %v; want gw-2 among them", got)
	}
}
