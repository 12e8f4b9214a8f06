package lab

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario/lab/backend"
	"nodrop/scenario/lab/gateway"
	"nodrop/scenario/proc"
)

func TestFleetServes(t *testing.T) {
	f := startFleet(t, Options{Replicas: 3, Stop: gateway.Graceful})
	if got := f.Replicas(); !slices.Equal(got, []string{"gw-1", "gw-2", "gw-3"}) {
		t.Errorf("replicas %v", got)
	}
	for _, r := range f.replicas {
		resp := get(t, r)
		if resp.StatusCode != 200 || resp.body != backend.Page {
			t.Errorf("%s answers %d, %d bytes", r.Name, resp.StatusCode, len(resp.body))
		}
		if got := resp.Header.Get(gateway.ReplicaHeader); got != r.Name {
			t.Errorf("%s calls itself %q", r.Name, got)
		}
		if resp.Close {
			t.Errorf("%s answers Connection: close before it drains", r.Name)
		}
	}
	seen := handedOut(t, f, 1000)
	if len(seen) != 3 {
		t.Errorf("the balancer knows %v; want all three", seen)
	}
	if err := f.Err(); err != nil {
		t.Error(err)
	}
}

func TestReplicasDifferByAddress(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux answers on all of 127.0.0.0/8")
	}
	f := startFleet(t, Options{Replicas: 2, Stop: gateway.Abrupt})
	for i, want := range []string{"127.0.0.2", "127.0.0.3"} {
		if got := f.replicas[i].addr.Addr().String(); got != want {
			t.Errorf("%s serves at %s; want %s", f.replicas[i].Name, got, want)
		}
	}
}

func TestStopTwice(t *testing.T) {
	f := startFleet(t, Options{Replicas: 2, Stop: gateway.Naive})
	for range 2 {
		if err := f.Stop(testContext(t)); err != nil {
			t.Fatal(err)
		}
		for _, m := range f.watched() {
			if m.Alive() {
				t.Errorf("%s runs after Stop", m.Name)
			}
		}
	}
	if got := f.Replicas(); len(got) != 0 {
		t.Errorf("replicas %v after Stop", got)
	}
	if err := f.Err(); err != nil {
		t.Errorf("Stop looks like a crash: %v", err)
	}
}

func TestStopWithoutTime(t *testing.T) {
	f := startFleet(t, Options{Replicas: 2, Stop: gateway.Naive})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for _, m := range f.watched() { // they exit nevertheless
		if err := m.Await(testContext(t)); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
	}
}

func TestStartMisuse(t *testing.T) {
	tests := map[string]struct {
		options Options
		want    string
	}{
		"no replicas": {Options{Stop: gateway.Abrupt}, "at least 1 replica"},
		"too many":    {Options{Replicas: maxHosts + 1, Stop: gateway.Abrupt}, "addresses"},
		"no way":      {Options{Replicas: 1}, "unknown stop mode"},
		"negative":    {Options{Replicas: 1, Stop: gateway.Abrupt, Grace: -1}, "negative"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Start(testContext(t), test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v; want %q in it", err, test.want)
			}
		})
	}
}

func TestStartWithoutExecutable(t *testing.T) {
	_, err := Start(testContext(t), Options{Replicas: 2, Stop: gateway.Abrupt, Executable: filepath.Join(t.TempDir(), "nothing")})
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "guardian: ") {
		t.Errorf("got %v; want that it does not exist", err)
	}
	expectNoChildren(t)
}

// impostor creates an executable that acts as the lab's program, except for one
// of the children.
func impostor(t *testing.T, instead, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "impostor")
	text := "#!/bin/sh\ncase \"$*\" in " + instead + ")\n" + script + "\n;; esac\nexec '" + self + "' \"$@\"\n"
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStartFails(t *testing.T) {
	const sayAndExit = "echo early >&2; echo no luck today >&2; exit 9"
	tests := map[string]struct{ instead, script, want string }{
		"guardian":  {"guardian*", sayAndExit, "guardian did not start: exit status 9: early; no luck today"},
		"backend":   {"lab-backend*", sayAndExit, "backend did not start: exit status 9: early; no luck today"},
		"replica":   {"*gw-2*", sayAndExit, "gw-2 did not start: exit status 9: early; no luck today"},
		"too early": {"*gw-2*", "exit 0", "gw-2 did not start: exit status 0"},
		"nonsense":  {"*gw-2*", "echo ready nonsense; read x", `gw-2 reports that it listens on "nonsense", which is not an address`},
		"no server": {"*gw-2*", "echo ready 127.0.0.1:1; read x", "gw-2 does not serve: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var complaints bytes.Buffer
			_, err := Start(testContext(t), Options{
				Replicas: 3, Stop: gateway.Abrupt, Stderr: &complaints, Executable: impostor(t, test.instead, test.script),
			})
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v; want %s", err, test.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q is more than one line", err)
			}
			if test.script == sayAndExit && name != "guardian" && !strings.Contains(complaints.String(), ": no luck today\n") {
				t.Errorf("complaints are %q", complaints.String())
			}
			expectNoChildren(t)
		})
	}
}

// The crash of a guardian shows what it wrote before.
func TestGuardianSays(t *testing.T) {
	f := startFleet(t, Options{
		Replicas: 1, Stop: gateway.Naive,
		Executable: impostor(t, "guardian*", "echo ready guardian; read x; echo no luck today >&2; exit 9"),
	})
	t.Setenv("TMPDIR", t.TempDir())
	if _, err := f.group.TempDir("nodrop-test-"); err != nil { // it reads that, and exits
		t.Fatal(err)
	}
	if err := f.guardian.Await(testContext(t)); err != nil {
		t.Fatal(err)
	}
	const want = "guardian exited unexpectedly: exit status 9: no luck today"
	if err := f.Err(); err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}

// Start detects a replica that serves in place of another.
func TestStartWrongReplica(t *testing.T) {
	other := startFleet(t, Options{Replicas: 2, Stop: gateway.Abrupt})
	addr := other.replicaAt(2).addr.String()
	_, err := Start(testContext(t), Options{
		Replicas: 1, Stop: gateway.Abrupt, Executable: impostor(t, "*gw-1*", "echo ready "+addr+"; read x"),
	})
	if err == nil || !strings.Contains(err.Error(), `"gw-2" responds in its place`) {
		t.Errorf("got %v; want that gw-2 answers", err)
	}
}

func TestStartCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Options{Replicas: 2, Stop: gateway.Abrupt}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want context.Canceled", err)
	}
	expectNoChildren(t)
}

// cancelOn cancels at the first write.
type cancelOn struct{ cancel func() }

func (c cancelOn) Write(p []byte) (int, error) {
	c.cancel()
	return len(p), nil
}

func TestStartCancelledMidway(t *testing.T) {
	for _, child := range []string{"lab-backend*", "*gw-2*"} {
		t.Run(child, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err := Start(ctx, Options{
				Replicas: 3, Stop: gateway.Abrupt, Stderr: cancelOn{cancel},
				Executable: impostor(t, child, "echo here >&2; read x; exit"),
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v; want context.Canceled", err)
			}
			expectNoChildren(t)
		})
	}
}

// An interrupted start leaves nothing, whatever the time.
func TestStartCutShort(t *testing.T) {
	for d := time.Duration(1); d < 200*time.Millisecond; d *= 4 {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		f, err := Start(ctx, Options{Replicas: 3, Stop: gateway.Abrupt})
		cancel()
		if err == nil {
			err = f.Stop(testContext(t))
		} else if errors.Is(err, context.DeadlineExceeded) {
			err = nil
		}
		if err != nil {
			t.Errorf("after %v: %v", d, err)
		}
		expectNoChildren(t)
	}
}

// Fleets share a group: when one stops, the other and the guardian stay; what
// is left ends with the group.
func TestFleetsShareAGroup(t *testing.T) {
	processes := &proc.Group{}
	options := Options{Replicas: 2, Stop: gateway.Naive, Processes: processes}
	first, second := startFleet(t, options), startFleet(t, options)
	if first.guardian != second.guardian {
		t.Error("each has its own guardian")
	}
	j := newJournal()
	first.Watch(j.mark)
	if err := first.Stop(testContext(t)); err != nil {
		t.Fatal(err)
	}
	for _, m := range first.members() {
		if m.Alive() {
			t.Errorf("%s runs after Stop", m.Name)
		}
	}
	if got := second.Replicas(); len(got) != 2 || !second.guardian.Alive() {
		t.Errorf("the other one has the replicas %v, its guardian is alive: %v", got, second.guardian.Alive())
	}
	if err := second.guardian.Send(os.Kill); err != nil {
		t.Fatal(err)
	}
	if err := second.guardian.Await(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if err := second.Err(); err == nil || err.Error() != "guardian exited unexpectedly: signal: killed" {
		t.Errorf("got %v; want that the guardian exited", err)
	}
	if j.has(record.MarkCrashed, "guardian") {
		t.Error("a fleet that was stopped still watches the guardian")
	}
	third := startFleet(t, options)
	if third.guardian == second.guardian || third.Err() != nil {
		t.Errorf("another fleet has a new guardian: %v; its error: %v", third.guardian != second.guardian, third.Err())
	}
	if err := third.Stop(testContext(t)); err != nil {
		t.Error(err)
	}
	if err := second.Stop(testContext(t)); err != nil {
		t.Error(err)
	}
	if err := processes.Close(); err != nil {
		t.Error(err)
	}
	expectNoChildren(t)
}
