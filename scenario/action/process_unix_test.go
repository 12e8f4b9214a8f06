//go:build unix

package action_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nodrop/scenario"
	"nodrop/scenario/action"
)

type witness struct {
	scenario.Env
	mu      sync.Mutex
	moments []scenario.Moment
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	w := &witness{}
	w.Env = *newEnv(t)
	w.Mark = func(m scenario.Moment) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.moments = append(w.moments, m)
	}
	return w
}

// expect compares the marks, in the order of a recording.
func (w *witness) expect(t *testing.T, want ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var marks []string
	for _, m := range inOrder(w.moments) {
		marks = append(marks, m.Kind.Of(m.Endpoint))
	}
	if got := fmt.Sprint(marks); got != fmt.Sprint(want) {
		t.Errorf("marks %v; want %v", marks, want)
	}
}

// inOrder returns moments in the order of a recording.
func inOrder(list []scenario.Moment) []scenario.Moment {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b scenario.Moment) int { return a.At.Compare(b.At) })
	return list
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// TestStartAndUndo: a real server with each kind of readiness probe, started
// twice because scenarios repeat.
func TestStartAndUndo(t *testing.T) {
	addr := freePort(t)
	_, port, _ := net.SplitHostPort(addr)
	for name, ready := range map[string]action.Probe{
		"tcp":  {TCP: addr},
		"http": {HTTP: &action.HTTP{URL: "http://" + addr + "/"}},
		"line": {Line: "Serving HTTP on"},
		"exec": {Exec: &action.Exec{Command: action.Command{Argv: []string{"python3", "-c", "import socket; socket.create_connection(('127.0.0.1', " + port + "))"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWitness(t)
			start := action.Start{Name: "web", Command: action.Command{Argv: []string{"python3", "-u", "-m", "http.server", port, "--bind", "127.0.0.1"}, Dir: t.TempDir()}, Ready: ready}
			for range 2 {
				if err := start.Run(t.Context(), &w.Env); err != nil {
					t.Fatal(err)
				}
				if c, err := net.Dial("tcp", addr); err != nil {
					t.Error(err)
				} else {
					_ = c.Close()
				}
				if err := start.Undo(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := net.Dial("tcp", addr); err == nil {
					t.Error("it still serves")
				}
			}
			w.expect(t, "replica web ready", "replica web ready")
		})
	}
}

func TestStartFails(t *testing.T) {
	for name, tc := range map[string]struct {
		start action.Start
		want  string
	}{
		"not there": {action.Start{Name: "a", Command: action.Command{Argv: []string{"/nowhere/x"}}}, "a: fork/exec /nowhere/x: no such file or directory"},
		"ends":      {action.Start{Name: "a", Command: action.Command{Shell: "echo no room; exit 3"}, Ready: action.Probe{Line: "never"}}, "a: exit status 3: no room"},
		"ends well": {action.Start{Name: "a", Command: action.Command{Shell: "true"}, Ready: action.Probe{Line: "never"}}, "a: it exited with status 0: run it in the foreground, because nodrop ends what it leaves in the background"},
		"not ready": {action.Start{Name: "a", Command: action.Command{Shell: "sleep 1000"}, Ready: action.Probe{Line: "never", Timeout: 50 * time.Millisecond, Every: time.Millisecond}}, `a: not ready after 50ms: no line of output contains "never"`},
		"signal":    {action.Start{Name: "a", Command: action.Command{Shell: "true"}, Stop: "TREM"}, `a: "TREM" is not a signal`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWitness(t)
			err := tc.start.Run(t.Context(), &w.Env)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %v; want %s", err, tc.want)
			}
			_ = tc.start.Undo(t.Context())
		})
	}
}

// TestCrash: an unexpected exit is a mark, and an error of Undo.
func TestCrash(t *testing.T) {
	w := newWitness(t)
	dir := t.TempDir()
	start := action.Start{Name: "a", Command: action.Command{Shell: "until test -e over; do sleep 0.01; done; echo why; exit 4", Dir: dir}}
	if err := start.Run(t.Context(), &w.Env); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "over"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	<-w.Processes.Find("a").Ended
	if err := start.Undo(t.Context()); err == nil || err.Error() != "a exited before it was stopped: exit status 4: why" {
		t.Errorf("got %v", err)
	}
}

func TestStopAndSignal(t *testing.T) {
	polite := "trap 'echo bye; exit 0' TERM; trap 'echo ignored' QUIT; echo up; while :; do sleep 0.01; done"
	for name, tc := range map[string]struct {
		action scenario.Action
		want   string
		marks  []string
	}{
		"stop":           {&action.Stop{Process: "a"}, "", []string{"replica a ready", "replica a terminating", "replica a signalled", "replica a exited"}},
		"stop by KILL":   {&action.Stop{Process: "a", Signal: "SIGKILL"}, "", []string{"replica a ready", "replica a terminating", "replica a signalled", "replica a exited"}},
		"stop in vain":   {&action.Stop{Process: "a", Signal: "quit", Grace: 50 * time.Millisecond}, "", []string{"replica a ready", "replica a terminating", "replica a signalled", "replica a killed", "replica a exited"}},
		"stop of nobody": {&action.Stop{Process: "b"}, "process b was never started", []string{"replica a ready"}},
		"signal":         {&action.Signal{Name: "TERM", Process: "a", Gone: time.Minute}, "", []string{"replica a ready", "replica a signalled", "replica a exited"}},
		"signal in vain": {&action.Signal{Name: "QUIT", Process: "a", Gone: 50 * time.Millisecond}, "a did not exit within 50ms after the signal", []string{"replica a ready", "replica a signalled"}},
		"signal at once": {&action.Signal{Name: "QUIT", Process: "a"}, "", []string{"replica a ready", "replica a signalled"}},
		"no signal":      {&action.Signal{Name: "HUPP", Process: "a"}, `"HUPP" is not a signal`, []string{"replica a ready"}},
		"no pid file":    {&action.Signal{Name: "TERM", PIDFile: "/nowhere/pid"}, "open /nowhere/pid: no such file or directory", []string{"replica a ready"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWitness(t)
			start := action.Start{Name: "a", Command: action.Command{Shell: polite}, Ready: action.Probe{Line: "up", Every: time.Millisecond}}
			if err := start.Run(t.Context(), &w.Env); err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := tc.action.Run(t.Context(), &w.Env); err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("got %q; want %q", got, tc.want)
			}
			if err := start.Undo(t.Context()); err != nil {
				t.Error(err)
			}
			w.expect(t, tc.marks...)
		})
	}
}

// TestSignalByPIDFile: the process is not one that the scenario started.
func TestSignalByPIDFile(t *testing.T) {
	w := newWitness(t)
	dir := t.TempDir()
	e := action.Exec{Command: action.Command{Shell: "sleep 1000 >/dev/null 2>&1 & echo $! >pid", Dir: dir}}
	if err := e.Run(t.Context(), &w.Env); err != nil {
		t.Fatal(err)
	}
	s := action.Signal{Name: "KILL", PIDFile: filepath.Join(dir, "pid")}
	if err := s.Run(t.Context(), &w.Env); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pid"), []byte("me\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), &w.Env); err == nil || !strings.Contains(err.Error(), `"me" is not a process ID`) {
		t.Errorf("got %v", err)
	}
}

// TestHTTP: the request, its response, and undo only if the state is unchanged.
func TestHTTP(t *testing.T) {
	value := "old"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v := r.FormValue("set"); r.Method == http.MethodPut && v != "" {
			value = v
		}
		if r.URL.Path == "/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, value)
	}))
	t.Cleanup(server.Close)
	w := newWitness(t)
	set := &action.HTTP{Method: "PUT", URL: server.URL + "/?set=new", UndoBy: &action.HTTP{Method: "PUT", URL: server.URL + "/?set=old"}, Still: &action.HTTP{URL: server.URL}}
	if err := set.Run(t.Context(), &w.Env); err != nil || value != "new" {
		t.Errorf("%v, %s", err, value)
	}
	if err := set.Undo(t.Context()); err != nil || value != "old" {
		t.Errorf("%v, %s", err, value)
	}
	if err := set.Run(t.Context(), &w.Env); err != nil {
		t.Error(err)
	}
	value = "theirs"
	if err := set.Undo(t.Context()); err == nil || value != "theirs" || !strings.Contains(err.Error(), "has changed since the step: not undone") {
		t.Errorf("%v, %s", err, value)
	}
	missing := &action.HTTP{URL: server.URL + "/missing"}
	if err := missing.Run(t.Context(), &w.Env); err == nil || err.Error() != "GET "+server.URL+"/missing: status 404, want 2xx" {
		t.Errorf("got %v", err)
	}
	missing.Status = "404"
	if err := missing.Run(t.Context(), &w.Env); err != nil {
		t.Error(err)
	}
}

func TestWait(t *testing.T) {
	w := newWitness(t)
	if err := (&action.Wait{For: time.Millisecond}).Run(t.Context(), &w.Env); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, wait := range []*action.Wait{{For: time.Hour}, {Until: action.Probe{TCP: "127.0.0.1:1"}}} {
		if err := wait.Run(ctx, &w.Env); err == nil {
			t.Error("want an error: the context is done")
		}
	}
}

// TestEndsWell: exit code 0 is no crash: an admin endpoint or a command may
// have stopped the process.
func TestEndsWell(t *testing.T) {
	w := newWitness(t)
	start := action.Start{Name: "a", Command: action.Command{Shell: "exit 0"}}
	if err := start.Run(t.Context(), &w.Env); err != nil {
		t.Fatal(err)
	}
	<-w.Processes.Find("a").Ended
	if err := start.Undo(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestExecUndo: a change is undone, even after a failed command, but only if
// the state is still as it was left.
func TestExecUndo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "replicas")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func() string {
		text, _ := os.ReadFile(file)
		return strings.TrimSpace(string(text))
	}
	shell := func(line string) *action.Exec { return &action.Exec{Command: action.Command{Shell: line + " " + file}} }
	w := newWitness(t)
	scale := shell("echo 1 >")
	scale.UndoBy, scale.Still = shell("echo 10 >"), shell("cat")
	write("10")
	if err := scale.Undo(t.Context()); err != nil || read() != "10" {
		t.Errorf("before it acted: %v, %s", err, read())
	}
	for _, line := range []string{"echo 1 >", "exit 3; echo 1 >", "echo 1 >" + file + "; exit 4;"} {
		write("10")
		scale.Shell = line + " " + file
		if err := scale.Run(t.Context(), &w.Env); (err != nil) != strings.Contains(line, "exit") {
			t.Errorf("%s: %v", line, err)
		}
		if err := scale.Undo(t.Context()); err != nil || read() != "10" {
			t.Errorf("%s: %v, %s", line, err, read())
		}
		if err := scale.Undo(t.Context()); err != nil {
			t.Errorf("%s: undone twice: %v", line, err)
		}
	}
	scale.Shell = "echo 1 > " + file
	if err := scale.Run(t.Context(), &w.Env); err != nil {
		t.Fatal(err)
	}
	write("7")
	if err := scale.Undo(t.Context()); err == nil || err.Error() != "the output of cat "+file+" has changed since the step: not undone" || read() != "7" {
		t.Errorf("%v, %s", err, read())
	}
	// An interrupted command may have changed something.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	write("10")
	scale.Shell = "echo 1 > " + file + "; sleep 1000"
	_ = scale.Run(ctx, &w.Env)
	if err := scale.Undo(t.Context()); err != nil || read() != "10" {
		t.Errorf("interrupted: %v, %s", err, read())
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	scale.Shell = "true"
	if err := scale.Run(t.Context(), &w.Env); err == nil {
		t.Error("want an error: still fails")
	}
	if err := scale.Undo(t.Context()); err == nil || !strings.Contains(err.Error(), "its state after the step is unknown") {
		t.Errorf("got %v", err)
	}
}
