package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"nodrop/loadgen/cli/clitest"
	"nodrop/report"
	"nodrop/report/diagnosis"
)

// slowServer takes a second for each response. On SIGTERM it exits at once, or
// does nothing.
const slowServer = `
import http.server, os, signal, sys, time
port, way = int(sys.argv[1]), sys.argv[2]
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        time.sleep(1)
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")
    def log_message(self, *args):
        pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
if way == "ignore":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
Server(("127.0.0.1", port), Handler).serve_forever()
`

// TestStopOfAProcess: what a stop loses is related to the marks of the process,
// by the address at which it was ready.
func TestStopOfAProcess(t *testing.T) {
	const text = `
target: http://127.0.0.1:%[1]d/
load: {requests: 60, connections: 8}
settle: 100ms
setup:
  - name: app
    start: {argv: [python3, %[2]q, "%[1]d", %[3]s], ready: {tcp: "127.0.0.1:%[1]d", every: 20ms}}
timeline:
  - {name: stop it, at: "#9", stop: {process: app, grace: 1500ms}}
`
	program := clitest.Build(t)
	for way, want := range map[string]struct {
		code  diagnosis.Code
		says  []string
		marks string
	}{
		"ignore": {diagnosis.IgnoredSIGTERM, []string{
			"in flight were cut when their process was killed: app did not heed SIGTERM within its grace period of ",
			"app went on accepting connections from the stop signal to the kill",
		}, "terminating, signalled, killed, listener closed, exited"},
		"nowait": {diagnosis.CutAtExit, []string{
			"in flight were cut when their process exited", "from the stop signal to the exit the process had ",
		}, "terminating, signalled, listener closed, exited"},
	} {
		t.Run(way, func(t *testing.T) {
			dir, port := t.TempDir(), clitest.FreePort(t)
			server, file := filepath.Join(dir, "server.py"), filepath.Join(dir, "stop.yaml")
			clitest.WriteFile(t, server, []byte(slowServer))
			clitest.WriteFile(t, file, fmt.Appendf(nil, text, port, server, way))
			story := clitest.Run(t, program, "scenario", "run", file)
			run := story.Runs[0]
			var kinds []string
			for _, m := range run.Marks {
				if m.Endpoint == "app" && m.Start > 0 {
					kinds = append(kinds, string(m.Kind))
				}
				if m.Error != "" {
					t.Errorf("%s: %s", m.Name, m.Error)
				}
			}
			if got := strings.Join(kinds, ", "); got != want.marks {
				t.Errorf("marks %s; want %s", got, want.marks)
			}
			var cut int64
			for _, f := range report.Build(story.Recording).Runs[0].Findings {
				if f.Code != want.code {
					continue
				}
				if cut += f.Lost; f.Confidence == diagnosis.CannotTell {
					t.Errorf("%s: %s", f.Title, f.Confidence)
				}
				for _, says := range want.says {
					if all := f.Title + "\n" + strings.Join(f.Evidence, "\n"); !strings.Contains(all, says) {
						t.Errorf("no %q in %s", says, all)
					}
				}
			}
			if cut < 2 || cut > 8 { // all connections are in flight, nearly always
				t.Errorf("%d requests cut; want those of 8 connections", cut)
			}
		})
	}
}
