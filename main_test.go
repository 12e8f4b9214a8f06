package main

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"log"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"mvdan.cc/sh/v3/shell"

	"nodrop/loadgen"
	"nodrop/loadgen/cli"
	"nodrop/loadgen/cli/clitest"
	reportcli "nodrop/report/cli"
	"nodrop/scenario/lab/dataplane"
)

var (
	update    = flag.Bool("update", false, "write what the scripts compare with anew")
	manFolder = flag.String("man", "", "write a manual page for each command to this folder")
)

// TestMain puts this binary on PATH as "nodrop". The lab's children also start
// from there under that name, so they run main.
func TestMain(m *testing.M) {
	clitest.AddEnvoy()
	if filepath.Base(os.Args[0]) != "nodrop" {
		clitest.CatchHangup()
	}
	testscript.Main(m, map[string]func(){"nodrop": main})
}

// noSleep is a value for GORACE: with the race detector, a program would sleep
// for a second at exit, and replicas would be late.
const noSleep = "atexit_sleep_ms=0"

// server counts its requests and keeps the last one:
//
//	/          a page
//	/status/N  that status
//	/away      a redirect to an invalid address, with secrets in it
//	/echo/N    that status, and the request's secrets, as some error pages show them
//	/held      no response while the client waits
type server struct {
	*httptest.Server
	count atomic.Int64
	fails atomic.Int64 // how many of the next requests get a 503
	last  atomic.Pointer[[]byte]
}

func startServer() (*server, error) {
	s := &server{}
	l, err := clitest.Listen()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") })
	mux.HandleFunc("/fail", func(http.ResponseWriter, *http.Request) { s.fails.Store(3) })
	mux.HandleFunc("/held", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/away", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://me:S3CRETn@127.0.0.1:99999/?token=S3CRETo")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/echo/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.PathValue("code"))
		if err != nil {
			panic(err)
		}
		w.WriteHeader(code)
		fmt.Fprintln(w, "no", r.Header["Authorization"], r.Header["Cookie"], r.Header["X-Api-Key"], r.URL)
	})
	mux.HandleFunc("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.PathValue("code"))
		if err != nil {
			panic(err)
		}
		w.WriteHeader(code)
	})
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if dump, err := httputil.DumpRequest(r, true); err == nil {
			s.last.Store(&dump)
		}
		s.count.Add(1)
		if s.fails.Add(-1) >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	return s, nil
}

// Scripts: one file per behaviour, named area_what.

func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Values[stageKey{}] = &stage{servers: map[string]*server{}}
			env.Setenv("GOMAXPROCS", "3") // the same on every machine
			env.Setenv("GORACE", noSleep)
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "root" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return os.Geteuid() == 0, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server":    onStage(1, "server NAME: starts one, its URL is $NAME", (*stage).server),
			"fails":     onStage(2, "fails NAME N: the server answers its next N requests with 503", (*stage).fails),
			"tls":       onStage(2, "tls NAME good|expired|future|old: starts a server over TLS, its URL is $NAME, its certificate the file NAME.pem", (*stage).tls),
			"proxy":     onStage(2, "proxy NAME STATUS: starts a proxy that answers everything so, its address is $NAME", (*stage).proxy),
			"refused":   onStage(1, "refused NAME...: $NAME is a URL where nobody listens", (*stage).refused),
			"served":    onStage(2, "served NAME N: the server was sent exactly N requests", (*stage).served),
			"reached":   onStage(2, "reached NAME N: waits until the server was sent N requests", (*stage).reached),
			"got":       onStage(2, "got NAME REGEXP: about the last request it was sent", (*stage).got),
			"exits":     onStage(2, "exits CODE COMMAND [ARG...]: runs it", (*stage).exits),
			"complains": onStage(1, "complains COMMAND [ARG...]: exits 2, one line on stderr and perhaps a hint", (*stage).complains),
			"hides":     onStage(1, "hides PREFIX: no file of that begin has S3CRET in it", (*stage).hides),
			"signal":    onStage(1, "signal INT|TERM|HUP|QUIT|KILL|USR1: to the one command in the background", (*stage).signal),
			"exited":    onStage(1, "exited CODE: how the command that was signalled did, after wait", (*stage).exited),
		},
	})
}

type stage struct {
	servers   map[string]*server
	signalled *exec.Cmd
}

type stageKey struct{}

// hides checks that no output contains a secret.
func (*stage) hides(ts *testscript.TestScript, args []string) {
	files, err := filepath.Glob(ts.MkAbs(args[0]) + "*")
	ts.Check(err)
	if len(files) < 7 {
		ts.Fatalf("%d files", len(files))
	}
	for _, file := range files {
		text := ts.ReadFile(file)
		if text == "" {
			ts.Fatalf("%s is empty", file)
		}
		if at := strings.Index(text, "S3CRET"); at >= 0 {
			ts.Fatalf("%s has a secret: %s", file, text[max(0, at-80):min(len(text), at+80)])
		}
	}
}

func onStage(args int, usage string, f func(*stage, *testscript.TestScript, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, given []string) {
		if neg || len(given) < args {
			ts.Fatalf("usage: %s", usage)
		}
		f(ts.Value(stageKey{}).(*stage), ts, given)
	}
}

func (s *stage) server(ts *testscript.TestScript, args []string) {
	for _, name := range args {
		started, err := startServer()
		ts.Check(err)
		ts.Defer(started.Close)
		s.servers[name] = started
		ts.Setenv(name, started.URL)
	}
}

func (s *stage) fails(ts *testscript.TestScript, args []string) {
	s.find(ts, args[0]).fails.Store(number(ts, args[1]))
}

// tls starts a server for 127.0.0.1 with a self-signed certificate.
func (s *stage) tls(ts *testscript.TestScript, args []string) {
	name, kind := args[0], args[1]
	from, to := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	config := &tls.Config{}
	switch kind {
	case "good":
	case "expired":
		from, to = from.AddDate(-1, 0, 0), to.AddDate(-1, 0, 0)
	case "future":
		from, to = from.AddDate(1, 0, 0), to.AddDate(1, 0, 0)
	case "old":
		config.MaxVersion = tls.VersionTLS12
	default:
		ts.Fatalf("unknown kind %q", kind)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames: []string{"gateway.example"}, KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(crand.Reader, template, template, key.Public(), key)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	config.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	l, err := clitest.Listen()
	ts.Check(err)
	started := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	started.Config.ErrorLog = log.New(io.Discard, "", 0)
	_ = started.Listener.Close()
	started.Listener, started.TLS = l, config
	started.StartTLS()
	ts.Defer(started.Close)
	ts.Setenv(name, started.URL)
}

func (s *stage) proxy(ts *testscript.TestScript, args []string) {
	status := int(number(ts, args[1]))
	l, err := clitest.Listen()
	ts.Check(err)
	started := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	_ = started.Listener.Close()
	started.Listener = l
	started.Start()
	ts.Defer(started.Close)
	ts.Setenv(args[0], started.Listener.Addr().String())
}

func (s *stage) refused(ts *testscript.TestScript, args []string) {
	for _, name := range args {
		l, err := clitest.Listen()
		ts.Check(err)
		ts.Setenv(name, "http://"+l.Addr().String())
		ts.Check(l.Close())
	}
}

func (s *stage) find(ts *testscript.TestScript, name string) *server {
	found := s.servers[name]
	if found == nil {
		ts.Fatalf("there is no server %q", name)
	}
	return found
}

func number(ts *testscript.TestScript, text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	ts.Check(err)
	return n
}

func (s *stage) served(ts *testscript.TestScript, args []string) {
	if got := s.find(ts, args[0]).count.Load(); got != number(ts, args[1]) {
		ts.Fatalf("the server was sent %d requests; want %s", got, args[1])
	}
}

func (s *stage) reached(ts *testscript.TestScript, args []string) {
	want := number(ts, args[1])
	ts.Check(clitest.Until("the server is reached", func() bool { return s.find(ts, args[0]).count.Load() >= want }))
}

func (s *stage) got(ts *testscript.TestScript, args []string) {
	last := s.find(ts, args[0]).last.Load()
	if last == nil {
		ts.Fatalf("the server was sent nothing")
	}
	if !regexp.MustCompile("(?m)" + args[1]).Match(*last) {
		ts.Fatalf("no match for %s in\n%s", args[1], *last)
	}
}

func (s *stage) exits(ts *testscript.TestScript, args []string) {
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if want := number(ts, args[0]); int64(code) != want {
		ts.Fatalf("exit code %d; want %d", code, want)
	}
}

var complaint = regexp.MustCompile(`\Anodrop: [^\n]+\n(hint: [^\n]+\n)?\z`)

func (s *stage) complains(ts *testscript.TestScript, args []string) {
	s.exits(ts, append([]string{"2"}, args...))
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("stdout should be empty")
	}
	if !complaint.MatchString(ts.ReadFile("stderr")) {
		ts.Fatalf("stderr should be one line, and perhaps a hint")
	}
}

func (s *stage) signal(ts *testscript.TestScript, args []string) {
	running := ts.BackgroundCmds()
	if len(running) != 1 {
		ts.Fatalf("%d commands in the background; want 1", len(running))
	}
	s.signalled = running[0]
	ts.Check(s.signalled.Process.Signal(map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "QUIT": syscall.SIGQUIT, "KILL": os.Kill, "USR1": syscall.SIGUSR1}[args[0]]))
}

func (s *stage) exited(ts *testscript.TestScript, args []string) {
	if got := s.signalled.ProcessState.ExitCode(); int64(got) != number(ts, args[0]) {
		ts.Fatalf("%v; want exit code %s", s.signalled.ProcessState, args[0])
	}
}

// The lab

// However and whenever the lab ends, none of its processes is left; and unless
// it was killed, it reports what it knows.

// marked is a nodrop whose descendants can be identified among all processes.
type marked struct {
	*exec.Cmd
	mark           string
	stdout, stderr said
	wait           func() error
	full           bool // all of the lab's gateways have been running
}

type said struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

const markVariable = "NODROP_TEST_MARK="

func startMarked(t *testing.T, args ...string) *marked {
	t.Helper()
	program, err := exec.LookPath("nodrop")
	if err != nil {
		t.Fatal(err)
	}
	m := &marked{Cmd: exec.Command(program, args...), mark: fmt.Sprintf("%s%x", markVariable, rand.Uint64())}
	m.Dir = t.TempDir()
	m.Env = append(os.Environ(), m.mark, "GORACE="+noSleep)
	m.Stdout, m.Stderr = &m.stdout, &m.stderr
	m.WaitDelay = clitest.Patience
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	m.wait = sync.OnceValue(m.Wait)
	t.Cleanup(func() {
		_ = m.Process.Kill()
		_ = m.wait()
		if t.Failed() {
			t.Logf("nodrop %s: %v\n%s%s", strings.Join(args, " "), m.ProcessState, m.stdout.String(), m.stderr.String())
		}
	})
	return m
}

// processes returns the processes with the mark: command lines by pid.
func (m *marked) processes() map[int][]string {
	found := map[int][]string{}
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		environ, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(environ, []byte(m.mark)) {
			continue // gone, or unrelated
		}
		cmdline, err := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if err != nil {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		found[pid] = strings.Split(string(cmdline), "\x00")
	}
	return found
}

func (m *marked) children(command string) map[int]bool {
	pids := map[int]bool{}
	for pid, args := range m.processes() {
		if len(args) > 1 && args[1] == command {
			pids[pid] = true
		}
	}
	return pids
}

// runs reports whether a child runs a command with this argument.
func (m *marked) runs(command, arg string) bool {
	for _, args := range m.processes() {
		if len(args) > 1 && args[1] == command && slices.Contains(args, arg) {
			return true
		}
	}
	return false
}

// rows reports whether rows of the CSV file have been written; nodrop writes
// about a thousand at a time.
func (m *marked) rows() bool {
	files, _ := filepath.Glob(filepath.Join(m.Dir, ".rows.csv-*"))
	if len(files) == 0 {
		return false
	}
	info, err := os.Stat(files[0])
	return err == nil && info.Size() > 0
}

func (m *marked) expectNobody(t *testing.T) {
	t.Helper()
	empty := 0 // a process that is just starting may be missed once
	if err := clitest.Until("all processes are gone", func() bool {
		if len(m.processes()) > 0 {
			empty = 0
		} else {
			empty++
		}
		return empty > 2
	}); err != nil {
		t.Errorf("%v; left are %v", err, m.processes())
	}
}

// interrupt sends the signal, checks that no process is left, and returns the
// output.
func (m *marked) interrupt(t *testing.T, signal os.Signal) string {
	t.Helper()
	if err := m.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	_ = m.wait()
	m.expectNobody(t)
	if code := m.ProcessState.ExitCode(); signal != os.Kill && code != cli.ExitInterrupted {
		t.Errorf("%v; want exit code %d", m.ProcessState, cli.ExitInterrupted)
	}
	return m.stdout.String() + m.stderr.String()
}

var endings = map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "QUIT": syscall.SIGQUIT, "HUP": syscall.SIGHUP, "KILL": os.Kill}

// TestDuringInterrupted checks that neither the command nor its children are left.
func TestDuringInterrupted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: it finds processes in Linux's /proc")
	}
	server, err := startServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	load := []string{"-n", "10000000", "-c", "2", "-q", "100", "-o", "csv=rows.csv", "--during", "sleep 1000 & sleep 1001; echo never", server.URL}
	for when, tc := range map[string]struct {
		at   string
		came func(m *marked) bool
		told string
	}{
		"in the baseline": {"90%", func(m *marked) bool { return m.rows() }, "the run was interrupted"},
		"in the command":  {"#10", func(m *marked) bool { return len(m.children("1000")) > 0 && len(m.children("1001")) > 0 }, "echo never: interrupted"},
	} {
		for name, signal := range endings {
			t.Run(when+"/"+name, func(t *testing.T) {
				m := startMarked(t, append([]string{"--at", tc.at}, load...)...)
				clitest.Await(t, "the moment has come", func() bool { return tc.came(m) })
				if told := m.interrupt(t, signal); signal != os.Kill && !strings.Contains(told, tc.told) {
					t.Errorf("the report lacks %q", tc.told)
				}
			})
		}
	}
}

// TestScenarioInterrupted checks, at various times, that no process of the
// scenario is left and, unless the program is killed, that its changes are restored.
func TestScenarioInterrupted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: it finds processes in Linux's /proc")
	}
	const text = `
target: %s
load: {requests: 10000000, connections: 2, rate: 100}
vars: {SETUP: "true", GATE: "true", STEP: "true", AT: 90%%}
setup:
  - {name: helper, start: {shell: "sleep 1000 & sleep 1001; wait"}}
  - exec: ${SETUP}
gate:
  - exec: ${GATE}
timeline:
  - {name: act, at: "${AT}", exec: "${STEP}"}
restore:
  - exec: echo >restored
`
	server, err := startServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	asleep := func(m *marked) bool { return len(m.children("1002")) > 0 }
	for when, tc := range map[string]struct {
		args []string
		came func(m *marked) bool
	}{
		"in the set-up":   {[]string{"--set", "SETUP=sleep 1002"}, asleep},
		"at the gate":     {[]string{"--set", "GATE=sleep 1002"}, asleep},
		"in the baseline": {nil, func(m *marked) bool { return m.rows() && len(m.children("1001")) > 0 }},
		"in a step":       {[]string{"--set", "STEP=sleep 1002", "--set", "AT=#10"}, asleep},
	} {
		for name, signal := range endings {
			t.Run(when+"/"+name, func(t *testing.T) {
				t.Parallel()
				file := filepath.Join(t.TempDir(), "scenario.yaml")
				if err := os.WriteFile(file, fmt.Appendf(nil, text, server.URL), 0o600); err != nil {
					t.Fatal(err)
				}
				m := startMarked(t, append([]string{"scenario", "run", file, "-o", "csv=rows.csv"}, tc.args...)...)
				clitest.Await(t, "the moment has come", func() bool { return tc.came(m) })
				m.interrupt(t, signal)
				if signal == os.Kill {
					return
				}
				if _, err := os.Stat(filepath.Join(m.Dir, "restored")); err != nil {
					t.Errorf("not restored: %v", err)
				}
			})
		}
	}
}

// TestPortTakenMeanwhile: another process opens the port of a process that is
// starting and seems ready, or ends. No request goes there.
func TestPortTakenMeanwhile(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: whose a listener is is known on Linux only")
	}
	const text = `
target: http://127.0.0.1:%d/
load: {requests: 10, connections: 2}
setup:
  - {name: server, start: {shell: "echo >up; %[3]s", ready: {%[2]s127.0.0.1:%[1]d"}}}
timeline:
  - {at: "#1", mark: nothing}
`
	for name, tc := range map[string]struct{ ready, rest, want string }{
		"seems ready": {`tcp: "`, "sleep 1000", `^nodrop: server: 127\.0\.0\.1:\d+ is in use by PID \d+ \(nodrop\.test\)\nhint: [^\n]*\n$`},
		"ends":        {`http: "http://`, "until [ -e taken ]; do sleep 0.01; done; echo cannot bind; exit 7", `^nodrop: server: exit status 7: cannot bind; 127\.0\.0\.1:\d+ is in use by PID \d+ \(nodrop\.test\)\nhint: [^\n]*\nnodrop: last lines of server:\n  cannot bind\n$`},
	} {
		t.Run(name, func(t *testing.T) {
			port, file := clitest.FreePort(t), filepath.Join(t.TempDir(), "scenario.yaml")
			if err := os.WriteFile(file, fmt.Appendf(nil, text, port, tc.ready, tc.rest), 0o600); err != nil {
				t.Fatal(err)
			}
			m := startMarked(t, "scenario", "run", file)
			clitest.Await(t, "it is started", func() bool { return m.has("up") })
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			m.touch(t, "taken")
			_ = m.wait()
			if code := m.ProcessState.ExitCode(); code != cli.ExitMisuse || !regexp.MustCompile(tc.want).MatchString(m.stderr.String()) {
				t.Errorf("%v, %s", m.ProcessState, m.stderr.String())
			}
			m.expectNobody(t)
		})
	}
}

func TestLabInterrupted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: it finds processes in Linux's /proc")
	}
	clitest.NeedsTime(t)
	long := []string{"lab", "--replicas", "3", "-n", "10000000", "-c", "20", "-q", "200", "-o", "csv=rows.csv"}
	identity := []string{`(?m)^  planned 10000000 = started [1-9]\d* \+ unsent [1-9]\d*$`, `(?m)^  started \d+ = ok [1-9]\d* \+ lost \d+ \+ spoiled 0 \+ aborted \d+$`}
	moments := map[string]struct {
		args []string
		came func(m *marked) func() bool
		told []string // patterns
		also string
	}{
		"in the set-up": {
			args: append(long, "--replicas", "20"), // later than the 3 of the other cases
			came: func(m *marked) func() bool { return func() bool { return len(m.children("guardian")) > 0 } },
			// If the set-up finishes before the signal, there is a report.
			told: []string{`\Anodrop: interrupted before any load began\n\z|(?m)^  planned 10000000 = started \d+ \+ unsent \d+$`},
		},
		"in the baseline": {
			args: append(long, "--at", "90%"),
			came: func(m *marked) func() bool { return m.rows },
			told: identity,
			also: "the run was interrupted",
		},
		"between signals and removal": {
			args: append(long, "--at", "#500", "--propagation", "10m"),
			came: func(m *marked) func() bool {
				return func() bool { return m.rows() && len(m.children("lab-gateway")) == 1 }
			},
			told: identity,
			also: "scale gateway 3 → 1 (abrupt): interrupted",
		},
		"in a graceful pre-stop": {
			args: append(long, "--at", "#1", "--stop", "graceful", "--pre-stop", "10m"),
			came: func(m *marked) func() bool { return m.rows },
			told: identity,
			also: "scale gateway 3 → 1 (graceful): interrupted",
		},
		"in the set-up of the second variant": {
			args: []string{"lab", "--replicas", "3", "-n", "20", "-c", "20", "-q", "25", "--at", "#1", "--stop", "naive,graceful", "--pre-stop", "10m"},
			came: func(m *marked) func() bool {
				return func() bool { return m.runs("lab-gateway", "graceful") }
			},
			told: []string{`(?m)^  planned 20 = started 20 \+ unsent 0$`},
			also: "\nnaive\n=====\n",
		},
	}
	for when, tc := range moments {
		for name, signal := range endings {
			t.Run(when+"/"+name, func(t *testing.T) {
				t.Parallel()
				m := startMarked(t, tc.args...)
				clitest.Await(t, "the moment has come", tc.came(m))
				told := m.interrupt(t, signal)
				if signal == os.Kill {
					return
				}
				for _, pattern := range tc.told {
					if !regexp.MustCompile(pattern).MatchString(told) {
						t.Errorf("no match for %s", pattern)
					}
				}
				if !strings.Contains(told, tc.also) {
					t.Errorf("the report lacks %q", tc.also)
				}
				if left, _ := filepath.Glob(filepath.Join(m.Dir, ".*.csv-*")); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
			})
		}
	}
}

// TestGatewaysInterrupted checks that nothing of an installed gateway is left,
// on either dataplane, however the lab ends.
func TestGatewaysInterrupted(t *testing.T) {
	clitest.NeedsNamespaces(t)
	for _, gateway := range []string{"nginx", "envoy"} {
		for _, plane := range []dataplane.Kind{dataplane.Dialer, dataplane.NFT} {
			for name, signal := range map[string]os.Signal{"TERM": syscall.SIGTERM, "KILL": os.Kill} {
				t.Run(fmt.Sprintf("%s/%s/%s", gateway, plane, name), func(t *testing.T) {
					dir := t.TempDir()
					t.Setenv("TMPDIR", dir)
					m := startMarked(t, "lab", "--gateway", gateway, "--dataplane", string(plane), "--replicas", "3", "-z", "1m", "-c", "20", "-q", "200", "--at", "1s", "--pre-stop", "1m", "--stop", "graceful", "-o", "csv=rows.csv")
					clitest.Await(t, "the load has begun", m.rows)
					told := m.interrupt(t, signal)
					if signal != os.Kill && !strings.Contains(told, "the run was interrupted") {
						t.Error("the report does not tell that it was interrupted")
					}
					clitest.Await(t, "its files are gone", func() bool {
						left, err := filepath.Glob(filepath.Join(dir, "nodrop-lab-*"))
						return err == nil && len(left) == 0
					})
					clitest.Await(t, "its workers are gone", func() bool { return len(workingIn(dir)) == 0 })
				})
			}
		}
	}
}

// workingIn lists processes by working directory: a program may clear the
// environment variables that it was started with.
func workingIn(dir string) []string {
	var found []string
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		if at, err := os.Readlink(link); err == nil && strings.HasPrefix(at, dir) {
			found = append(found, link)
		}
	}
	return found
}

// A replica that should stay dies long after the event: its losses are not
// attributed to the scale-in.
func TestLabCrash(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: it finds processes in Linux's /proc")
	}
	clitest.NeedsTime(t)
	for _, stop := range []string{"abrupt", "graceful"} {
		t.Run(stop, func(t *testing.T) {
			t.Parallel()
			m := startMarked(t, "lab", "--replicas", "3", "-z", "12s", "-c", "20", "-q", "20", "--at", "10%", "--pre-stop", "1s", "--stop", stop)
			clitest.Await(t, "all replicas are there", func() bool { return len(m.children("lab-gateway")) == 3 })
			clitest.Await(t, "two replicas are gone", func() bool { return len(m.children("lab-gateway")) == 1 })
			time.Sleep(3 * time.Second) // nodrop must see first that the step is over
			for pid := range m.children("lab-gateway") {
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
			_ = m.wait()
			if code := m.ProcessState.ExitCode(); code != cli.ExitInconclusive {
				t.Errorf("%v; want exit code %d", m.ProcessState, cli.ExitInconclusive)
			}
			for _, want := range []string{
				" s             crashed: gw-1: signal: killed\n",
				"Verdict: inconclusive: " + stop + " lost ",
				"\n  - " + stop + ": gw-1 crashed: signal: killed\n",
			} {
				if !strings.Contains(m.stdout.String(), want) {
					t.Errorf("the report lacks %q", want)
				}
			}
		})
	}
}

// moment is a point at which a scenario is interrupted.
type moment struct {
	set    []string // NAME=VALUE
	came   func(m *marked) bool
	left   []string // what the third interruption leaves
	undone bool     // the step has acted and is undone
	report bool     // there is a load to report
	second bool     // "give it back" waits only after this moment
}

// moments returns ten points, from the set-up of the first run to that of the
// second.
func moments(server *server) map[string]moment {
	const asleep, acted = "echo >here; sleep 1002", "AT=#5"
	here := func(m *marked) bool { return m.has("here") }
	all := []string{"give it back (", "change ("}
	three := []string{"give it back (", "act (true; echo >undone)", "change ("}
	return map[string]moment{
		"in the set-up":      {set: []string{"SETUP=" + asleep}, came: here, left: all},
		"not ready yet":      {set: []string{"READY=never"}, came: func(m *marked) bool { return len(m.children("1001")) > 0 }, left: all},
		"at the gate":        {set: []string{"GATE=" + asleep}, came: here, left: all},
		"in the baseline":    {came: func(*marked) bool { return server.count.Load() > 50 }, left: all, report: true},
		"requests in flight": {set: []string{"WHERE=/held"}, came: func(*marked) bool { return server.count.Load() == 2 }, left: all, report: true},
		"in a step":          {set: []string{acted, "STEP=" + asleep}, came: here, left: three, undone: true, report: true},
		"after a step":       {set: []string{acted, "STEP=echo >here"}, came: here, left: three, undone: true, report: true},
		"in the restore":     {set: []string{acted, "N=10", "RESTORE=echo >here"}, came: here, left: three, undone: true, report: true},
		"in an undo":         {set: []string{acted, "N=10", "WAIT=true", "UNDO=echo >here; until [ -e go ]; do sleep 0.01; done"}, came: here, left: []string{"act (echo >here; ", "change ("}, undone: true, report: true},
		"in the second run":  {set: []string{"N=10", "SECOND=" + asleep}, came: here, left: all, undone: true, report: true, second: true},
	}
}

// TestInterruptedAgain checks that after one or two interruptions a scenario
// restores its changes; after the third it exits and names what it leaves.
func TestInterruptedAgain(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: it finds processes in Linux's /proc")
	}
	for when := range moments(nil) {
		for times := 1; times <= 3; times++ {
			t.Run(fmt.Sprintf("%s/%d", when, times), func(t *testing.T) {
				t.Parallel()
				server, err := startServer()
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(server.Close)
				moments(server)[when].interrupt(t, server.URL, times)
			})
		}
	}
}

const interruptedScenario = `
target: %s${WHERE}
load: {requests: "${N}", connections: 2, rate: 100}
vars: %s
variants: {a: {}, b: {set: {SETUP: "${SECOND}"}}}
setup:
  - {name: change, exec: {shell: "echo changed >state", undo: "echo original >state"}}
  - {name: helper, start: {shell: "sleep 1000 & sleep 1001 & echo up; wait", ready: {line: "${READY}", timeout: 10m}}}
  - {name: prepare, exec: "${SETUP}"}
gate:
  - {name: check, exec: "${GATE}"}
timeline:
  - {name: act, at: "${AT}", exec: {shell: "${STEP}", undo: "UNDO; echo >undone"}}
restore:
  - {name: give it back, exec: "RESTORE; WAIT; echo >restored"}
`

// scenario writes interruptedScenario with the settings of the moment:
// variables, and parts of shell lines, which cannot be variables.
func (tc moment) scenario(t *testing.T, url string) (file string) {
	t.Helper()
	vars := map[string]string{
		"WHERE": "/", "N": "100000", "SETUP": "true", "SECOND": "true", "READY": "up", "GATE": "true", "STEP": "true", "AT": "90%",
		"UNDO": "true", "RESTORE": "true", "WAIT": "until [ -e go ]; do sleep 0.01; done",
	}
	for _, set := range tc.set {
		name, value, _ := strings.Cut(set, "=")
		vars[name] = value
	}
	var lines []string
	for _, name := range []string{"UNDO", "RESTORE", "WAIT"} {
		lines = append(lines, name+"; ", vars[name]+"; ")
		delete(vars, name)
	}
	list, err := json.Marshal(vars)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(lines...).Replace(fmt.Sprintf(interruptedScenario, url, list))
	file = filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (tc moment) interrupt(t *testing.T, url string, times int) {
	t.Helper()
	m := startMarked(t, "scenario", "run", tc.scenario(t, url), "-o", "json=run.json", "-o", "text")
	if tc.second {
		m.touch(t, "go")
	}
	clitest.Await(t, "the moment has come", func() bool { return tc.came(m) })
	if tc.second {
		_ = os.Remove(filepath.Join(m.Dir, "go"))
	}
	for i, step := range []struct {
		signal os.Signal
		said   string
	}{{os.Interrupt, "nodrop: (interrupted: )?(restoring: |waiting up to 5s for 2 requests in flight, then restoring )"}, {syscall.SIGTERM, "nodrop: skipping the wait; still restoring: "}, {os.Interrupt, "nodrop: interrupted: not restored: "}} {
		if i == times {
			break
		}
		if err := m.Process.Signal(step.signal); err != nil {
			t.Fatal(err)
		}
		clitest.Await(t, step.said, func() bool { return regexp.MustCompile(step.said).MatchString(m.stderr.String()) })
	}
	if times < 3 {
		m.touch(t, "go")
	}
	_ = m.wait()
	m.expectNobody(t)
	if code := m.ProcessState.ExitCode(); code != cli.ExitInterrupted {
		t.Errorf("%v; want exit code %d", m.ProcessState, cli.ExitInterrupted)
	}
	if left, _ := filepath.Glob(filepath.Join(m.Dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, dir := range []string{os.Getenv("XDG_RUNTIME_DIR"), os.TempDir(), "/tmp"} { // where the socket for marks may be
		if left, _ := filepath.Glob(filepath.Join(dir, fmt.Sprint("nodrop-marks-", m.Process.Pid))); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	if times == 3 {
		tc.expectNamed(t, m)
		return
	}
	state, err := os.ReadFile(filepath.Join(m.Dir, "state"))
	if string(state) != "original\n" || !m.has("restored") || m.has("undone") != tc.undone {
		t.Errorf("state %q, %v, restored %t, undone %t", state, err, m.has("restored"), m.has("undone"))
	}
	if told := strings.Contains(m.stdout.String(), "  planned ") && m.has("run.json"); told != tc.report {
		t.Errorf("reported: %t", told)
	}
}

// expectNamed checks that the last line names what was not restored.
func (tc moment) expectNamed(t *testing.T, m *marked) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(m.stderr.String(), "\n"), "\n")
	named, _ := strings.CutPrefix(lines[len(lines)-1], "nodrop: interrupted: not restored: ")
	list := strings.Split(named, "), ")
	if len(list) != len(tc.left) {
		t.Fatalf("named: %q; want %d", list, len(tc.left))
	}
	for i, want := range tc.left {
		if !strings.HasPrefix(list[i]+")", want) {
			t.Errorf("named: %q; want %q", list[i], want)
		}
	}
	if m.stdout.String() != "" {
		t.Error("there is a report")
	}
}

func (m *marked) has(file string) bool {
	_, err := os.Stat(filepath.Join(m.Dir, file))
	return err == nil
}

func (m *marked) touch(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.Dir, file), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTerminalGone checks that changes are restored and files are written even
// if nobody reads stdout and stderr.
func TestTerminalGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT RUN: there is no SIGHUP on Windows")
	}
	server, err := startServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	dir, file := t.TempDir(), moment{set: []string{"WAIT=true", "AT=#5", "STEP=echo >here"}}.scenario(t, server.URL)
	program, err := exec.LookPath("nodrop")
	if err != nil {
		t.Fatal(err)
	}
	gone, written, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "scenario", "run", file, "-o", "json=run.json", "-o", "text")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, written, written
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m := &marked{Cmd: cmd}
	clitest.Await(t, "the step has acted", func() bool { return m.has("here") })
	_, _ = gone.Close(), written.Close()
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != cli.ExitInterrupted {
		t.Errorf("%v; want exit code %d", cmd.ProcessState, cli.ExitInterrupted)
	}
	state, _ := os.ReadFile(filepath.Join(dir, "state"))
	if string(state) != "original\n" || !m.has("restored") || !m.has("undone") || !m.has("run.json") {
		t.Errorf("state %q, restored %t, undone %t, reported %t", state, m.has("restored"), m.has("undone"), m.has("run.json"))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestInterruptedWait: after an interruption, a load waits for requests in
// flight and says how long. After a second one it skips the wait and reports.
// It leaves no partly written file.
func TestInterruptedWait(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: it finds processes in Linux's /proc")
	}
	for name, args := range map[string][]string{
		"pool": {"-n", "10", "-c", "1", "--engine", "pool"},
		"loop": {"-n", "10", "-c", "1"},
		"lab":  {"lab", "--replicas", "3", "-n", "10", "-c", "1", "-q", "0", "--path", "/delay/10", "--stop", "naive", "--at", "1s"},
	} {
		for times := 1; times <= 3; times++ {
			t.Run(fmt.Sprintf("%s/%d", name, times), func(t *testing.T) {
				t.Parallel()
				server, err := startServer()
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(server.Close)
				args := append(slices.Clone(args), "--progress", "off", "-o", "json=run.json", "-o", "csv=rows.csv", "-o", "text")
				inFlight := func(*marked) bool { return server.count.Load() == 1 }
				if name == "lab" {
					inFlight = (*marked).leaving
				} else {
					args = append(args, server.URL+"/held")
				}
				m := startMarked(t, args...)
				clitest.Await(t, "a request is in flight", func() bool { return inFlight(m) })
				m.interruptWaiting(t, times)
			})
		}
	}
}

// leaving reports whether one of the lab's three gateways has exited: the load
// is then running.
func (m *marked) leaving() bool {
	n := len(m.children("lab-gateway"))
	m.full = m.full || n == 3
	return m.full && n < 3
}

// interruptWaiting sends this many interrupts to a program with one request in
// flight. The report may be complete before the third.
func (m *marked) interruptWaiting(t *testing.T, times int) {
	t.Helper()
	const waiting = "nodrop: interrupted: waiting up to 5s for 1 request in flight; press Ctrl-C again to skip the wait\n"
	if err := m.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	clitest.Await(t, waiting, func() bool { return m.stderr.String() == waiting })
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt}[:times-1] {
		_ = m.Process.Signal(signal) // it may have ended
	}
	_ = m.wait()
	m.expectNobody(t)
	if code := m.ProcessState.ExitCode(); code != cli.ExitInterrupted {
		t.Errorf("%v; want exit code %d", m.ProcessState, cli.ExitInterrupted)
	}
	var files []string
	left, err := os.ReadDir(m.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range left {
		files = append(files, file.Name())
	}
	said, again := strings.TrimPrefix(m.stderr.String(), waiting), "nodrop: skipping the wait\n"
	reported := slices.Equal(files, []string{"rows.csv", "run.json"}) && strings.Contains(m.stdout.String(), "= ok 0 + lost 0 + spoiled 0 + aborted 1\n")
	atOnce := len(files) == 0 && said == again+"nodrop: interrupted: exiting at once; nothing is left to restore\n"
	want := map[int]bool{1: reported && said == "", 2: reported && said == again, 3: reported || atOnce}
	if !want[times] {
		t.Errorf("files %q, said %q", files, said)
	}
}

// nodrop help

// manual returns the whole program's pages of help.
func manual(t *testing.T) []cli.Topic {
	t.Helper()
	topics := topics()
	var names []string
	for _, topic := range topics {
		if topic.Summary == "" {
			t.Errorf("%s: the title says nothing for the list", topic.Name)
		}
		names = append(names, topic.Name)
	}
	slices.Sort(names)
	if want := []string{"checks", "ci", "classes", "compare", "find", "findings", "gateways", "hey", "kubernetes", "load", "outputs", "prove", "scenarios", "stream"}; !slices.Equal(names, want) {
		t.Fatalf("topics %v; want %v", names, want)
	}
	return topics
}

// TestTopicsHaveFlags: every flag of every command is in a topic.
func TestTopicsHaveFlags(t *testing.T) {
	var all strings.Builder
	for _, topic := range manual(t) {
		all.WriteString(topic.Text)
	}
	count := 0
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Name == "help" {
				return
			}
			count++
			if !regexp.MustCompile(`[^-\w]-{1,2}` + f.Name + `[^-\w]`).MatchString(all.String()) {
				t.Errorf("%s: -%s is in no topic", cmd.CommandPath(), f.Name)
			}
		})
		for _, c := range cmd.Commands() {
			check(c)
		}
	}
	check(newProgram(nil, cli.Streams{Out: io.Discard, Err: io.Discard}).command())
	if count < 90 {
		t.Errorf("only %d flags were looked for", count)
	}
}

// TestTopicsFit: a page of help fits a terminal of 80 columns, except where one
// word does not.
func TestTopicsFit(t *testing.T) {
	for _, topic := range manual(t) {
		var b strings.Builder
		if err := reportcli.PrintPage(&b, topic.Text); err != nil {
			t.Fatal(err)
		}
		if strings.Count(b.String(), "\n") < 20 {
			t.Errorf("%s: hardly a page:\n%s", topic.Name, &b)
		}
		for line := range strings.Lines(b.String()) {
			if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > 80 && len(strings.Fields(line)) > 1 {
				t.Errorf("%s: %d columns: %s", topic.Name, utf8.RuneCountInString(line), line)
			}
		}
	}
}

// TestTopicsAreMarkdown: help shows the words that any reader of Markdown shows,
// in the same order.
func TestTopicsAreMarkdown(t *testing.T) {
	reader := goldmark.New(goldmark.WithExtensions(extension.Table))
	for _, topic := range manual(t) {
		var page, ours strings.Builder
		if err := reader.Convert([]byte(topic.Text), &page); err != nil {
			t.Fatal(err)
		}
		if err := reportcli.PrintPage(&ours, topic.Text); err != nil {
			t.Fatal(err)
		}
		want := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page.String(), " "))
		if diff := cmp.Diff(words(want), words(ours.String())); diff != "" {
			t.Errorf("%s (- goldmark, + help)\n%s", topic.Name, diff)
		}
	}
}

// words returns the letters and signs of a text, without those that only mark code
// and items of a list.
func words(text string) string {
	text = regexp.MustCompile(`(?m)^ *- `).ReplaceAllString(text, "")
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "`", "")), "")
}

// The README

// TestGoldenReadme: the README's sample is from the report of a real run, which
// nodrop lab -o json has recorded: the answer, and what it rests on.
func TestGoldenReadme(t *testing.T) {
	packed, err := os.Open("testdata/lab.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	recording, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "lab.json")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(out, recording)
	if err = errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
	report, err := exec.Command("nodrop", "report", file).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, report)
	}
	want := sampled(string(report))
	if n := strings.Count(want, "\n"); n > 18 || !strings.Contains(want, "What to change:\n") {
		t.Errorf("%d lines; want 18 at most, and what to change:\n%s", n, want)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "<!-- make golden: the report of testdata/lab.json.gz -->\n```text\n")
	got, after, ended := strings.Cut(rest, "```\n")
	if !found || !ended {
		t.Fatal("the README has no place for the sample")
	}
	if *update {
		text := strings.TrimSuffix(string(readme), rest) + want + "```\n" + after
		if err := os.WriteFile("README.md", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the README's sample is another (- report, + README); make golden writes it\n%s", diff)
	}
}

// sampled returns the parts of a report that answer what was lost, why, and what
// to change, with a mark for what it leaves out between them.
func sampled(report string) string {
	part := regexp.MustCompile(`^(Verdict:|Why:|What to change:| +sent )`)
	var b strings.Builder
	left := false
	for block := range strings.SplitSeq(strings.TrimSpace(report), "\n\n") {
		switch {
		case !part.MatchString(block):
			left = true
			continue
		case b.Len() > 0 && left:
			b.WriteString("\n[…]\n\n")
		case b.Len() > 0:
			b.WriteByte('\n')
		}
		b.WriteString(strings.TrimRight(block, "\n") + "\n")
		left = false
	}
	return b.String()
}

// Package structure (design.md §5)

func TestImportDirection(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	within := func(name, room string) bool {
		if one, alone := strings.CutPrefix(room, "="); alone { // without its subpackages
			return name == one
		}
		return name == room || strings.HasPrefix(name, room+"/")
	}
	// Which of our packages each package may import; the first matching row counts.
	type rule struct {
		room string
		may  []string
	}
	records := []string{"nodrop/loadgen/record", "nodrop/loadgen/stream", "nodrop/loadgen/safetext", "nodrop/loadgen/misuse", "nodrop/loadgen/pattern"}
	numbers := []string{"nodrop/report/analysis", "nodrop/report/phrase"}
	rules := []rule{
		{"nodrop/loadgen/pattern", nil},
		{"nodrop/loadgen/safetext", []string{"nodrop/loadgen/pattern"}},
		{"nodrop/loadgen/misuse", nil},
		{"nodrop/loadgen/record/ledger", nil},
		{"nodrop/loadgen/record/length", nil},
		{"nodrop/loadgen/record/secure", nil},
		{"nodrop/loadgen/record/trials", nil},
		{"nodrop/loadgen/record", []string{"nodrop/loadgen/record", "nodrop/loadgen/safetext"}},
		{"nodrop/loadgen/stream", []string{"nodrop/loadgen/record", "nodrop/loadgen/safetext"}},
		{"nodrop/loadgen/internal/h1", nil},
		{"nodrop/loadgen/internal/h2", []string{"nodrop/loadgen/internal/h1"}},
		{"nodrop/loadgen/internal/stall", nil},
		{"nodrop/loadgen/internal/faultserver", []string{"nodrop/loadgen/internal/faultserver"}},
		{"nodrop/loadgen/internal/expect", []string{"nodrop/loadgen/safetext"}},
		{"nodrop/loadgen/internal/loop/sysio", nil},
		{"nodrop/loadgen/internal/loop/tlsconn", []string{"nodrop/loadgen/internal/loop/sysio"}},
		{"nodrop/loadgen/internal/loop", []string{"nodrop/loadgen/internal/engine", "nodrop/loadgen/internal/h1", "nodrop/loadgen/internal/h2", "nodrop/loadgen/internal/loop", "nodrop/loadgen/internal/stall", "nodrop/loadgen/record/ledger"}},
		{"nodrop/loadgen/internal/target", []string{"nodrop/loadgen/pattern", "nodrop/loadgen/safetext"}},
		{"nodrop/loadgen/internal/wire", []string{"nodrop/loadgen/internal/h1", "nodrop/loadgen/internal/h2", "nodrop/loadgen/record", "nodrop/loadgen/safetext"}},
		{"nodrop/loadgen/internal/engine", []string{"nodrop/loadgen/internal/expect", "nodrop/loadgen/internal/h1", "nodrop/loadgen/internal/h2", "nodrop/loadgen/internal/stall", "nodrop/loadgen/internal/target", "nodrop/loadgen/internal/wire", "nodrop/loadgen/record", "nodrop/loadgen/safetext"}},
		{"nodrop/loadgen/internal/pool", []string{"nodrop/loadgen/internal/engine", "nodrop/loadgen/internal/h1", "nodrop/loadgen/internal/h2", "nodrop/loadgen/internal/wire", "nodrop/loadgen/record", "nodrop/loadgen/safetext"}},
		{"nodrop/loadgen/internal/probe", []string{"nodrop/loadgen/internal/engine", "nodrop/loadgen/internal/h1", "nodrop/loadgen/internal/h2", "nodrop/loadgen/internal/wire", "nodrop/loadgen/record", "nodrop/loadgen/safetext"}},
		{"nodrop/loadgen/internal/looper", []string{"nodrop/loadgen/internal/engine", "nodrop/loadgen/internal/h1", "nodrop/loadgen/internal/h2", "nodrop/loadgen/internal/loop", "nodrop/loadgen/internal/stall", "nodrop/loadgen/internal/wire", "nodrop/loadgen/record"}},
		{"nodrop/loadgen/cli", []string{"nodrop/loadgen"}},
		{"nodrop/loadgen", []string{"nodrop/loadgen"}},
		{"nodrop/report/cli", []string{"nodrop/loadgen", "nodrop/report"}},
		{"nodrop/report/output", slices.Concat(records, []string{"nodrop/report"})},
		{"nodrop/report/analysis/baseline", records},
		{"nodrop/report/analysis/errorshape", slices.Concat(records, []string{"nodrop/report/analysis"})},
		{"nodrop/report/analysis/handshake", records},
		{"nodrop/report/analysis/shape", slices.Concat(records, []string{"=nodrop/report/analysis"})},
		{"nodrop/report/analysis", slices.Concat(records, []string{"nodrop/report/analysis/baseline"})},
		{"nodrop/report/phrase", []string{"nodrop/report/analysis"}},
		{"nodrop/report/metric", slices.Concat(records, numbers)},
		{"nodrop/report/check", slices.Concat(records, numbers, []string{"nodrop/report/metric"})},
		{"nodrop/report/compare", slices.Concat(records, numbers, []string{"nodrop/report/metric"})},
		{"nodrop/report/history", slices.Concat(records, numbers, []string{"nodrop/report/metric", "nodrop/report/check", "nodrop/report/compare"})},
		{"nodrop/report/diagnosis/errorpage", slices.Concat(records, numbers)},
		{"nodrop/report/diagnosis/observed", slices.Concat(records, numbers, []string{"nodrop/report/diagnosis/errorpage"})},
		{"nodrop/report/diagnosis/probed", slices.Concat(records, numbers)},
		{"nodrop/report/diagnosis/remedy", records},
		{"nodrop/report/diagnosis/streamed", slices.Concat(records, numbers, []string{"nodrop/report/diagnosis/observed"})},
		{"nodrop/report/diagnosis", slices.Concat(records, numbers, []string{"nodrop/report/diagnosis"})},
		{"nodrop/report/format/page", records},
		{"nodrop/report/format/streams", slices.Concat(records, numbers)},
		{"nodrop/report/brief", slices.Concat(records, numbers, []string{"=nodrop/report", "nodrop/report/check", "nodrop/report/compare", "nodrop/report/diagnosis", "nodrop/report/metric"})},
		{"nodrop/report/format/head", slices.Concat(records, []string{"=nodrop/report", "nodrop/report/analysis", "nodrop/report/brief", "nodrop/report/check", "nodrop/report/compare", "nodrop/report/diagnosis", "nodrop/report/format/page", "nodrop/report/metric", "nodrop/report/phrase", "nodrop/report/sought"})},
		{"nodrop/report/format", slices.Concat(records, []string{"nodrop/report"})},
		{"nodrop/report/sought", slices.Concat(records, numbers)},
		{"nodrop/report/reporttest", records},
		{"nodrop/report/comparetest", slices.Concat(records, []string{"nodrop/report"})},
		{"nodrop/report", slices.Concat(records, numbers, []string{"nodrop/report/metric", "nodrop/report/check", "nodrop/report/compare", "nodrop/report/diagnosis", "nodrop/report/history", "nodrop/report/sought"})},
		{"nodrop/scenario/cli", []string{"nodrop/loadgen", "nodrop/scenario"}},
		{"nodrop/scenario/proc", nil},
		{"nodrop/scenario/search", []string{"nodrop/loadgen/record/trials"}},
		{"nodrop/scenario/handmark", []string{"nodrop/loadgen/record", "nodrop/loadgen/safetext"}},
		{"nodrop/scenario/prove", []string{"nodrop/loadgen", "=nodrop/scenario"}},
		{"nodrop/scenario/lab/gateway", []string{"nodrop/loadgen", "=nodrop/scenario", "nodrop/scenario/proc"}},
		{"nodrop/scenario/lab/dataplane", []string{"nodrop/loadgen"}},
		{"nodrop/scenario/lab/backend", []string{"=nodrop/scenario"}},
		{"nodrop/scenario/lab", []string{"nodrop/loadgen", "nodrop/scenario"}},
		{"nodrop/scenario/action/life", []string{"nodrop/loadgen", "=nodrop/scenario", "nodrop/scenario/proc"}},
		{"nodrop/scenario/action", []string{"nodrop/loadgen", "nodrop/scenario"}},
		{"nodrop/scenario/kube/api", []string{"nodrop/loadgen", "=nodrop/scenario"}},
		{"nodrop/scenario/kube/watch", []string{"nodrop/loadgen", "=nodrop/scenario", "nodrop/scenario/kube/api"}},
		{"nodrop/scenario/kube/asm", []string{"nodrop/scenario/kube/api"}},
		{"nodrop/scenario/kube", []string{"nodrop/loadgen", "nodrop/scenario"}},
		{"nodrop/scenario/file", []string{"nodrop/loadgen", "nodrop/scenario"}},
		{"nodrop/scenario", []string{"nodrop/loadgen", "nodrop/scenario/proc"}},
		{"nodrop", []string{"nodrop/loadgen", "nodrop/report", "nodrop/scenario"}},
	}
	isCommands := func(room string) bool { return path.Base(room) == "cli" }
	packages := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from := fields[0]
		i := slices.IndexFunc(rules, func(r rule) bool { return within(from, r.room) })
		if i < 0 {
			t.Fatalf("a package that is not ours: %s", from)
		}
		packages++
		for _, to := range fields[1:] {
			if within(to, "nodrop") && !slices.ContainsFunc(rules[i].may, func(room string) bool { return within(to, room) }) {
				t.Errorf("%s must not import %s", from, to)
			}
			if isCommands(to) && from != "nodrop" && !isCommands(from) {
				t.Errorf("%s must not import %s: commands are for main, and for other commands", from, to)
			}
		}
	}
	if packages < 6 {
		t.Errorf("only %d packages were listed:\n%s", packages, out)
	}
}

func TestTopLevel(t *testing.T) {
	out, err := exec.Command("git", "ls-files").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	allowed := []string{"go.mod", "go.sum", "main.go", "main_test.go", "loadgen", "report", "scenario", "testdata", "Makefile", "README.md", "LICENSE"}
	for file := range strings.Lines(string(out)) {
		top, _, _ := strings.Cut(strings.TrimSpace(file), "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(allowed, top) {
			t.Errorf("%s does not belong at the top level", top)
		}
	}
}

// TestWhatIsNotCompiled: whoever runs nodrop from source first compiles
// everything that it imports. Of the Kubernetes client, nodrop imports only
// what reads kubeconfigs and sends requests, a third of the total compile time.
// The types of every API, which the usual clients import, would take longer
// than everything else together.
func TestWhatIsNotCompiled(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	client := false
	for line := range strings.Lines(string(out)) {
		path := strings.TrimSpace(line)
		client = client || path == "k8s.io/client-go/rest"
		for _, large := range []string{
			"k8s.io/api/", "k8s.io/client-go/kubernetes", "k8s.io/client-go/informers", "k8s.io/client-go/discovery",
			"k8s.io/client-go/restmapper", "google.golang.org/protobuf/", "github.com/google/gnostic-models/",
		} {
			if strings.HasPrefix(path, large) {
				t.Errorf("%s is imported", path)
			}
		}
	}
	if !client {
		t.Error("the client is not among what is imported: what else is listed here?")
	}
}

// newCommand returns the root of all commands, which prints to out.
func newCommand(out io.Writer) *cobra.Command {
	return newProgram(nil, cli.Streams{In: strings.NewReader(""), Out: out, Err: io.Discard, RawErr: io.Discard}).command()
}

// commandsBelow lists a command and all below it.
func commandsBelow(cmd *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		if !c.Hidden && c.Name() != "" {
			list = append(list, commandsBelow(c)...)
		}
	}
	return list
}

// TestFlagsAreGrouped checks that help can show every flag: each is in a group,
// and has a name for its value if it takes one.
func TestFlagsAreGrouped(t *testing.T) {
	for _, cmd := range commandsBelow(newCommand(io.Discard)) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden {
				return
			}
			if !slices.Contains(cli.Groups(), cli.GroupOf(f)) {
				t.Errorf("%s: --%s is in no group", cmd.CommandPath(), f.Name)
			}
			if takes := f.Value.Type() != "bool"; takes != (cli.ValueName(f) != "") {
				t.Errorf("%s: --%s: value name %q of a %s", cmd.CommandPath(), f.Name, cli.ValueName(f), f.Value.Type())
			}
		})
	}
}

// TestHelp checks that the help of every command fits a terminal, shows all its
// flags, and has examples that nodrop accepts.
func TestHelp(t *testing.T) {
	var out bytes.Buffer
	root := newCommand(&out)
	for _, cmd := range commandsBelow(root) {
		out.Reset()
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if n := utf8.RuneCountInString(line); n > 80 || strings.HasSuffix(line, " ") {
				t.Errorf("%s --help: %d columns: %q", cmd.CommandPath(), n, line)
			}
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if shown := strings.Contains(out.String(), "  "+cli.Dashed(f.Name)) || strings.Contains(out.String(), ", --"+f.Name); shown == f.Hidden {
				t.Errorf("%s --help: flag %s: shown %t", cmd.CommandPath(), f.Name, shown)
			}
		})
		if cmd.Example == "" && cmd.Name() != "help" { // its topics are its examples
			t.Errorf("%s --help has no example", cmd.CommandPath())
		}
		for example := range strings.Lines(cmd.Example) {
			tryExample(t, cmd, strings.TrimSpace(example))
		}
	}
}

var redirection = regexp.MustCompile(` >\S.*`)

// tryExample parses an example of a command, which may be of one below it.
func tryExample(t *testing.T, of *cobra.Command, example string) {
	t.Helper()
	_, line, found := strings.Cut(example, "nodrop ")
	if !found {
		t.Fatalf("%s: no call of nodrop", example)
	}
	line = redirection.ReplaceAllString(line, "")
	args, err := shell.Fields(strings.TrimSuffix(line, ")"), nil)
	if err != nil {
		t.Fatalf("%s: %v", example, err)
	}
	cmd, args, err := newCommand(io.Discard).Find(args)
	if err == nil {
		err = cmd.ParseFlags(cli.NormalizeArgs(args, cmd.Flags()))
	}
	if err != nil || !strings.HasPrefix(cmd.CommandPath(), of.CommandPath()) {
		t.Errorf("%s: an example of %s, not of %s: %v", example, cmd.CommandPath(), of.CommandPath(), err)
	}
}

// TestMan writes the manual pages if -man is given. It checks that each has every
// flag of its command, and that no text is taken for a request of troff.
func TestMan(t *testing.T) {
	request := regexp.MustCompile(`^\.(TH|SH|TP|nf|fi|B)( |$)`)
	for _, cmd := range commandsBelow(newCommand(io.Discard)) {
		page := manPage(cmd)
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if name := troff(cli.Dashed(f.Name)); !f.Hidden && !strings.Contains(page, name+"\n") && !strings.Contains(page, name+" ") {
				t.Errorf("%s: no flag %s", cmd.CommandPath(), f.Name)
			}
		})
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !request.MatchString(strings.TrimSpace(line)) {
				t.Errorf("%s: troff would not print %q", cmd.CommandPath(), line)
			}
		}
		if *manFolder != "" {
			if err := os.WriteFile(filepath.Join(*manFolder, manName(cmd)+".1"), []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage returns the manual page of a command: what its help says.
func manPage(cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"nodrop %s\"\n", strings.ToUpper(manName(cmd)), loadgen.Version)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", troff(manName(cmd)), troff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n%s\n", troff(cli.UseLine(cmd)))
	fmt.Fprintf(&b, ".SH DESCRIPTION\n.nf\n%s\n.fi\n", troff(cli.Description(cmd)))
	if cmd.HasExample() {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", troff(cmd.Example))
	}
	for _, section := range cli.Sections(cmd) {
		fmt.Fprintf(&b, ".SH %s\n", strings.ToUpper(section.Title))
		for _, row := range section.Rows {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", troff(row.Name), troff(row.Text))
		}
	}
	if parent := cmd.Parent(); parent != nil {
		fmt.Fprintf(&b, ".SH SEE ALSO\n%s(1)\n", troff(manName(parent)))
	}
	return b.String()
}

// troff writes a text so that troff prints it as it is.
func troff(text string) string {
	lines := strings.Split(strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "\u00a0", `\ `).Replace(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
