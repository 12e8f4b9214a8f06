package lab

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/lab/gateway"
	"nodrop/scenario/proc"
)

// runClient runs a command beside two replicas and returns what it printed, and
// its only run.
func runClient(ctx context.Context, t *testing.T, c *ClientRun) (out string, run *record.Run) {
	t.Helper()
	var stdout bytes.Buffer
	c.Options, c.Stdout = Options{Replicas: 2, Stop: gateway.Abrupt}, &stdout
	begun := c.Begun
	c.Begun = func(fleet string) {
		if !strings.HasPrefix(fleet, "gateways: 2 × builtin, abrupt: ") {
			t.Errorf("begun with %q", fleet)
		}
		if begun != nil {
			begun(fleet)
		}
	}
	recording, err := c.Scenario().Run(ctx, scenario.Watch{})
	if err != nil || len(recording.Runs) != 1 {
		t.Fatalf("%v, %d runs", err, len(recording.Runs))
	}
	expectNoChildren(t)
	return stdout.String(), recording.Runs[0]
}

// TestClient: the fleet changes when the command has run for a while, and the
// run has the marks of both.
func TestClient(t *testing.T) {
	const at = 50 * time.Millisecond
	c := &ClientRun{Command: "echo hello; sleep 1", At: at, Change: Change{Scale: 1}}
	out, run := runClient(testContext(t), t, c)
	if c.Problem != nil || out != "hello\n" || run.Duration < int64(time.Second) {
		t.Errorf("%v, %q, %v", c.Problem, out, time.Duration(run.Duration))
	}
	for _, want := range []record.Mark{{Kind: record.MarkStep, Name: "scale gateways to 1"}, {Kind: record.MarkExited, Endpoint: "gw-2"}} {
		if !slices.ContainsFunc(run.Marks, func(m record.Mark) bool {
			return m.Kind == want.Kind && m.Endpoint == want.Endpoint && m.Error == "" && m.Start >= int64(at) && (want.Name == "" || m.Name == want.Name)
		}) {
			t.Errorf("marks %+v; want %+v", run.Marks, want)
		}
	}
}

// TestClientProblems: a run that shows nothing says why.
func TestClientProblems(t *testing.T) {
	for name, tt := range map[string]struct {
		client ClientRun
		want   string // how the problem begins
	}{
		"ends early":   {ClientRun{Command: "true", At: time.Minute, Change: Change{Scale: 1}}, "the client ended before the fleet changed"},
		"fails early":  {ClientRun{Command: "exit 3", At: time.Minute, Change: Change{Scale: 1}}, "the client failed: exit status 3; the client ended before the fleet changed"},
		"fails":        {ClientRun{Command: "sleep 1; exit 3", At: time.Millisecond, Change: Change{Scale: 1}}, "the client failed: exit status 3"},
		"change fails": {ClientRun{Command: "sleep 10000", At: time.Millisecond, Change: Change{Scale: 5}}, "scale gateways to 5: "},
	} {
		t.Run(name, func(t *testing.T) {
			c := &tt.client
			if runClient(testContext(t), t, c); c.Problem == nil || !strings.HasPrefix(c.Problem.Error(), tt.want) {
				t.Errorf("got %v; want %s", c.Problem, tt.want)
			}
		})
	}
}

// TestClientStopped: an interrupt ends the command at once, with its children.
func TestClientStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	c := &ClientRun{Command: "sleep 10000; true", At: time.Hour, Change: Change{Scale: 1}, Begun: func(string) { cancel() }}
	runClient(ctx, t, c)
}

// TestClientWithoutGuardian: a command that cannot be guarded is not started.
func TestClientWithoutGuardian(t *testing.T) {
	fleet := &FleetAction{
		fleet:     startFleet(t, Options{Replicas: 1, Stop: gateway.Abrupt}),
		processes: &proc.Group{Executable: "/nowhere/nodrop"},
	}
	load := &client{of: &ClientRun{Begun: func(string) {}}, fleet: fleet, over: make(chan struct{})}
	load.Start(testContext(t))
	if p := load.Progress(); !p.Over || p.Elapsed != 0 {
		t.Errorf("%+v; want it over", p)
	}
	load.Stop()
	if run, err := load.Result(); run == nil || err == nil || !strings.Contains(err.Error(), "/nowhere/nodrop") {
		t.Errorf("got %+v, %v; want that there is no guardian", run, err)
	}
}
