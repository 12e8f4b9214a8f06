package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/cli/clitest"
	"nodrop/loadgen/record"
	"nodrop/loadgen/stream"
	"nodrop/report"
	"nodrop/report/diagnosis"
)

// slowServer takes a second for each response. On SIGTERM it exits at once, or
// does nothing; or it stops serving, and waits while its second port, that of a
// health check, stays open; or it notes its process id and does nothing else.
const slowServer = `
import http.server, os, signal, socket, sys, time
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
server = Server(("127.0.0.1", port), Handler)
def drain(*_):
    server.socket.close()
    time.sleep(1000)
def note(*_):
    with open(sys.argv[3] + ".part", "w") as f:
        f.write(str(os.getpid()))
    os.rename(sys.argv[3] + ".part", sys.argv[3])
if way == "drain":
    health = socket.socket()
    health.bind(("127.0.0.1", int(sys.argv[3])))
    health.listen(128)
ways = {"ignore": signal.SIG_IGN, "nowait": lambda *_: os._exit(0), "drain": drain, "note": note}
signal.signal(signal.SIGTERM, ways[way])
server.serve_forever()
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
			for _, m := range run.Marks {
				if m.Error != "" {
					t.Errorf("%s: %s", m.Name, m.Error)
				}
			}
			if got := marksOfApp(run); got != want.marks {
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
			// All connections are in flight, nearly always. As the process exits, each
			// of 8 workers can connect once more before its listener is closed, too.
			if cut < 2 || cut > 8+8 {
				t.Errorf("%d requests cut; want those of 8 connections", cut)
			}
		})
	}
}

// TestStopOfADrainingProcess: the port of a health check stays open while a
// process drains. That it closes with the kill does not show that the process
// ignored the signal.
func TestStopOfADrainingProcess(t *testing.T) {
	const text = `
target: http://127.0.0.1:%[1]d/
load: {requests: 60, connections: 8}
settle: 100ms
setup:
  - name: app
    start: {argv: [python3, %[2]q, "%[1]d", drain, "%[3]d"], ready: {tcp: "127.0.0.1:%[3]d", every: 20ms}}
timeline:
  - {name: stop it, at: "#9", stop: {process: app, grace: 1500ms}}
`
	dir, port, health := t.TempDir(), clitest.FreePort(t), clitest.FreePort(t)
	server, file := filepath.Join(dir, "server.py"), filepath.Join(dir, "stop.yaml")
	clitest.WriteFile(t, server, []byte(slowServer))
	clitest.WriteFile(t, file, fmt.Appendf(nil, text, port, server, health))
	story := clitest.Run(t, clitest.Build(t), "scenario", "run", file)
	if got, want := marksOfApp(story.Runs[0]), "terminating, signalled, killed, listener closed, exited"; got != want {
		t.Errorf("marks %s; want %s", got, want)
	}
	killed := 0
	for _, f := range report.Build(story.Recording).Runs[0].Findings {
		switch f.Code {
		case diagnosis.IgnoredSIGTERM:
			t.Errorf("%s: %s", f.Confidence, f.Title)
		case diagnosis.KilledAfterGrace:
			killed++
		default:
		}
	}
	if killed == 0 {
		t.Error("no finding says that it was killed")
	}
}

// TestStopBehindAGateway: a process that ignores the signal behind a gateway of the
// scenario is said to, however nodrop learns where it listens.
func TestStopBehindAGateway(t *testing.T) {
	const text = `
target: http://127.0.0.1:%[1]d/
load: {requests: 60, connections: 8}
settle: 100ms
setup:
  - name: gateway
    start: {argv: [%[2]q, -p, %[3]q, -c, nginx.conf, -e, stderr], ready: {tcp: "127.0.0.1:%[1]d", every: 20ms}}
  - name: app
    start: {argv: [python3, %[4]q, "%[5]d", ignore], ready: %[6]s}
timeline:
  - {name: stop it, at: "#9", stop: {process: app, grace: 1500ms}}
`
	const conf = `
daemon off;
pid nginx.pid;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:APP; } }
}
`
	program, nginx := clitest.Build(t), clitest.Tool(t, "nginx")
	for name, ready := range map[string]string{
		"ready at its own port":     `{tcp: "127.0.0.1:%d", every: 20ms}`,
		"ready through the gateway": `{http: {url: "http://127.0.0.1:%d/"}, every: 20ms}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir, port, app := clitest.NewDir(t), clitest.FreePort(t), clitest.FreePort(t)
			asked := map[bool]int{true: app, false: port}[strings.Contains(ready, "tcp")]
			server, file := filepath.Join(dir, "server.py"), filepath.Join(dir, "stop.yaml")
			clitest.WriteConf(t, filepath.Join(dir, "nginx.conf"), conf, "PORT", strconv.Itoa(port), "APP", strconv.Itoa(app))
			clitest.WriteFile(t, server, []byte(slowServer))
			clitest.WriteFile(t, file, fmt.Appendf(nil, text, port, nginx, dir, server, app, fmt.Sprintf(ready, asked)))
			story := clitest.Run(t, program, "scenario", "run", file)
			if got, want := marksOfApp(story.Runs[0]), "terminating, signalled, killed, listener closed, exited"; got != want {
				t.Errorf("marks %s; want %s", got, want)
			}
			findings := report.Build(story.Recording).Runs[0].Findings
			if !slices.ContainsFunc(findings, func(f diagnosis.Finding) bool {
				return f.Code == diagnosis.IgnoredSIGTERM && f.Confidence == diagnosis.CannotTell && strings.Contains(f.Title, "app was killed at the end of its grace period of ")
			}) {
				t.Errorf("got %+v", findings)
			}
		})
	}
}

// marksOfApp lists the marks of the process app since the start of the load.
func marksOfApp(run *record.Run) string {
	var kinds []string
	for _, m := range run.Marks {
		if m.Endpoint == "app" && m.Start > 0 {
			kinds = append(kinds, string(m.Kind))
		}
	}
	return strings.Join(kinds, ", ")
}

// TestInterruptOfAStop: Ctrl-C in the grace period cuts no request. After a
// second one, the requests in flight are aborted. Either way, no process is left.
func TestInterruptOfAStop(t *testing.T) {
	const text = `
target: http://127.0.0.1:%[1]d/
load: {requests: 6000, connections: 8}
setup:
  - name: app
    start: {argv: [python3, %[2]q, "%[1]d", note, %[3]q], ready: {tcp: "127.0.0.1:%[1]d", every: 20ms}, grace: 50ms}
timeline:
  - {name: stop it, at: "#9", stop: {process: app, grace: 10m}}
`
	program := clitest.Build(t)
	for times := 1; times <= 2; times++ {
		t.Run(fmt.Sprint(times), func(t *testing.T) {
			dir, port := t.TempDir(), clitest.FreePort(t)
			server, file, noted, recording := filepath.Join(dir, "server.py"), filepath.Join(dir, "stop.yaml"), filepath.Join(dir, "noted"), filepath.Join(dir, "run.json")
			clitest.WriteFile(t, server, []byte(slowServer))
			clitest.WriteFile(t, file, fmt.Appendf(nil, text, port, server, noted))
			cmd := exec.CommandContext(t.Context(), program, "scenario", "run", file, "-o", "json="+recording)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var pid int
			clitest.Await(t, "the process has the signal", func() bool {
				said, err := os.ReadFile(noted)
				if err == nil {
					pid, err = strconv.Atoi(string(said))
				}
				return err == nil
			})
			for range times {
				_ = cmd.Process.Signal(os.Interrupt)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != cli.ExitInterrupted {
				t.Errorf("%v; want exit code %d", cmd.ProcessState, cli.ExitInterrupted)
			}
			if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("process %d is left: %v", pid, err)
			}
			f, err := os.Open(recording)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			story, err := stream.Read(f)
			if err != nil {
				t.Fatal(err)
			}
			run := story.Runs[0]
			if got := marksOfApp(run); got != "terminating, signalled" {
				t.Errorf("marks %s", got)
			}
			if c := run.Counts; c.Lost != 0 || times == 1 && c.Aborted != 0 || c.OK == 0 {
				t.Errorf("%+v; want no request lost", c)
			}
		})
	}
}
