package loadgen_test

import (
	"strings"
	"testing"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
)

func TestTraceLost(t *testing.T) {
	server := startServer(t, faultserver.Every(2, faultserver.EOFInBody))
	run := runLoad(t, loadgen.Config{URL: server.URL() + "/x", Requests: 20, Workers: 1, TraceLost: 3})
	if len(run.Traces) != 3 {
		t.Fatalf("%d traces; want 3", len(run.Traces))
	}
	addr := server.Addr().String()
	trace := run.Traces[0]
	if trace.Class.String() != "body.eof" || trace.Endpoint != addr || trace.Start != run.Lost[0].Start {
		t.Errorf("got %+v; the first lost was %+v", trace, run.Lost[0])
	}
	var told strings.Builder
	last := trace.Start
	for _, s := range trace.Steps {
		if s.At < last {
			t.Errorf("step %+v goes back in time", s)
		}
		last = s.At
		told.WriteString(s.What + "|" + s.Error + "\n")
	}
	for _, want := range []string{
		"reusing the kept-alive connection from 127.0.0.1:",
		"bytes of GET " + server.URL() + "/x|\n", "received ", "|EOF\n", "failed in the body stage: body.eof|unexpected EOF\n",
	} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("not in the trace: %q\n%s", want, told.String())
		}
	}
}

// TestTraceTellsErrno: traces include the errno, to look up in the kernel's
// headers or in strace's output.
func TestTraceTellsErrno(t *testing.T) {
	refused, err := faultserver.HoldRefused()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = refused.Close() })
	run := runLoad(t, loadgen.Config{URL: "http://" + refused.Addr().String(), Requests: 5, Workers: 1, TraceLost: 10})
	if len(run.Traces) != 5 {
		t.Fatalf("%d traces; want all 5", len(run.Traces))
	}
	steps := run.Traces[4].Steps
	if got := steps[len(steps)-1].Error; !strings.Contains(got, "refused (errno ") {
		t.Errorf("got %q", got)
	}
}

func TestTraceStatus(t *testing.T) {
	server := startServer(t, faultserver.Always(faultserver.Unavailable))
	run := runLoad(t, loadgen.Config{URL: server.URL(), Requests: 4, Workers: 1, TraceLost: 1})
	steps := run.Traces[0].Steps
	if got := steps[len(steps)-1].What; len(run.Traces) != 1 || got != "failed in the status stage: status.503" {
		t.Errorf("%d traces, the last step %q", len(run.Traces), got)
	}
}
