package cli

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/cli/clitest"
	"nodrop/report"
	"nodrop/report/diagnosis"
	"nodrop/scenario/lab/gateway"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == calibrateServer {
		os.Exit(runCalibrateServer(os.Args[2:]))
	}
	clitest.AddEnvoy()
	os.Exit(m.Run())
}

// TestNamespaceHidesArguments: anyone can read the arguments of the process in
// the namespace, so they contain nothing the user gave.
func TestNamespaceHidesArguments(t *testing.T) {
	clitest.NeedsNamespaces(t)
	client := `tr '\0' '|' </proc/$PPID/cmdline; echo; sleep 2; : --token S3CRET {url}`
	out, err := exec.Command(clitest.Build(t), "lab", "--dataplane", "nft", "--replicas", "2", "--to", "1", "--stop", "abrupt", "--at", "100ms", "--client", client).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("|lab-namespace|\n")) || bytes.Contains(out, []byte("S3CRET")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestClientInterrupted: for a running client, the only message is that it was
// interrupted.
func TestClientInterrupted(t *testing.T) {
	clitest.NeedsNamespaces(t)
	cmd := exec.Command(clitest.Build(t), "lab", "--dataplane", "nft", "--replicas", "2", "--to", "1", "--stop", "naive,abrupt", "--at", "10m", "--client", "echo began; sleep 1000; : {url}")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(stdout)
	clitest.Await(t, "the client has begun", func() bool { return lines.Scan() && lines.Text() == "began" })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != cli.ExitInterrupted || stderr.String() != "nodrop: interrupted\n" {
		t.Errorf("%v, %q; want exit code %d and that it was interrupted", cmd.ProcessState, stderr.String(), cli.ExitInterrupted)
	}
}

// TestKernelAgrees: with the kernel's table, hey and nodrop report as many
// refused connections as the kernel of the namespace counted.
func TestKernelAgrees(t *testing.T) {
	clitest.NeedsNamespaces(t)
	program := clitest.Build(t)
	for name, tc := range map[string]struct {
		proto, client string
		told          *regexp.Regexp
	}{
		"hey":    {"h1", "hey -c 50 -n 10000 -q 50 -disable-keepalive {url}", regexp.MustCompile(`\[(\d+)\]\tGet "http://127\.96\.0\.1/": dial tcp 127\.96\.0\.1:80: connect: connection refused`)},
		"nodrop": {"h1", program + " -c 50 -n 10000 -q 50 -disable-keepalive {url}", regexp.MustCompile(`(?m)^    connect\.refused +(\d+) `)},
		// It verifies the lab's certificate.
		"nodrop over TLS": {"h1s", program + " -c 50 -n 5000 -q 15 -disable-keepalive {url}", regexp.MustCompile(`(?m)^    connect\.refused +(\d+) `)},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := exec.Command(program, "lab", "--dataplane", "nft", "--proto", tc.proto, "--replicas", "5", "--stop", "abrupt", "--propagation", "1s", "--at", "1s", "--client", tc.client).CombinedOutput() // a client may be slow to start
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			told, counted := tc.told.FindSubmatch(out), regexp.MustCompile(`never\s+established\s+(\d+),`).FindSubmatch(out)
			if told == nil || counted == nil || string(told[1]) != string(counted[1]) || string(told[1]) == "0" {
				t.Errorf("the client tells of %q refused connections, the kernel of %q\n%s", told, counted, out)
			}
			for _, want := range []string{"gateways: 5 × builtin", " abrupt: TERM, exits at once\n", "exited: gw-2 … gw-5 (4)", "endpoint removed: gw-2 … gw-5 (4)"} {
				if !bytes.Contains(out, []byte(want)) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
		})
	}
}

// TestKernelDataplane: the lab's default comparison with the kernel's table. A
// drain timeout cuts the connections that a waiting replica still has.
func TestKernelDataplane(t *testing.T) {
	clitest.NeedsNamespaces(t)
	program := clitest.Build(t)
	story := clitest.Run(t, program, "lab", "--dataplane", "nft", "--replicas", "4", "-n", "4000", "-c", "40", "-q", "50", "--settle", "1s") // a busy machine takes its time to change the table
	story.ExpectExit(t, cli.ExitOK)
	if lost := story.Variant(t, "graceful").Counts.Lost; lost != 0 {
		t.Errorf("graceful lost %d; want none", lost)
	}
	run := story.Variant(t, "abrupt")
	f := report.Build(story.Recording).Runs[0].Findings
	if run.Counts.Lost == 0 || len(f) == 0 || f[0].Rule != "listener-closed-before-removal" || f[0].Confidence != diagnosis.Likely {
		t.Errorf("abrupt lost %d; findings %+v", run.Counts.Lost, f)
	}
	secure := clitest.Run(t, program, "lab", "--dataplane", "nft", "--proto", "h1s", "--gateway", "haproxy", "--replicas", "2", "-n", "500", "-c", "10", "-q", "50", "--stop", "graceful", "--pre-stop", "1s", "--settle", "1s")
	secure.ExpectExit(t, cli.ExitOK)
	if run := secure.Variant(t, "graceful"); run.Counts.Lost != 0 || run.Settings.URL != "https://127.96.0.1/" {
		t.Errorf("%s: lost %d; want none over TLS", run.Settings.URL, run.Counts.Lost)
	}
	s := startBackend(t)
	outside := clitest.Run(t, program, "lab", "--dataplane", "nft", "--backend", s.URL, "--replicas", "2", "-n", "500", "-c", "10", "-q", "100", "--stop", "graceful", "--pre-stop", "1s", "--settle", "100ms")
	outside.ExpectExit(t, cli.ExitOK)
	if asked, responded := s.count.Load(), outside.Variant(t, "graceful").Counts.OK; asked < responded || responded < 500 {
		t.Errorf("the backend outside was asked %d times, and %d requests were ok; want 500 at least", asked, responded)
	}
	cut := clitest.Run(t, program, "lab", "--dataplane", "nft", "--replicas", "2", "--drain-timeout", "1s", "--path", "/delay/3", "-n", "40", "-c", "20", "-q", "0", "--at", "#20", "--stop", "graceful", "--pre-stop", "5s")
	run = cut.Variant(t, "graceful")
	if run.Counts.Lost == 0 || run.Counts.Lost == run.Counts.Started {
		t.Errorf("lost %d of %d; want those of one of two replicas", run.Counts.Lost, run.Counts.Started)
	}
	if !strings.Contains(cut.Stdout, "connections cut: gw-2\n") {
		t.Error("no mark tells of the cut")
	}
	if f := report.Build(cut.Recording).Runs[0].Findings; len(f) == 0 || f[0].Code != diagnosis.DrainCut {
		t.Errorf("findings %+v; want the drain timeout", f)
	}
}

type backend struct {
	*httptest.Server
	count atomic.Int64
}

func startBackend(t *testing.T) *backend {
	t.Helper()
	l, err := clitest.Listen()
	if err != nil {
		t.Fatal(err)
	}
	b := &backend{}
	b.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		b.count.Add(1)
		fmt.Fprintln(w, "hello")
	}))
	_ = b.Listener.Close()
	b.Listener = l
	b.Start()
	t.Cleanup(b.Close)
	return b
}

var gatewayTable = flag.Bool("gateways", false, "TestGatewayTable measures the table and writes it to testdata/gateways/README.md")

// Where the table is.
const (
	tableFile  = "../../testdata/gateways/README.md"
	tableBegin = "<!-- make gateways: from here -->\n"
	tableEnd   = "<!-- make gateways: to here -->\n"
)

// spoken is what the loads speak: a part of the table. Over HTTP/2, 20 streams share
// a connection that is kept alive.
type spoken struct {
	proto           string
	title           string // of a gateway's rows
	new, kept, held string // settings of the loads
	graceful        string // what a cell about new connections begins with
}

var speeches = []spoken{
	{"h1", "%s", "", "connections: 20, rate: 25", "connections: 40", "none of "},
	// A stream that is begun as GOAWAY is sent is lost, unless the server sends two.
	{"h2", "%s, h2", ", h2: true", "connections: 200, rate: 2.5, h2: true, streams: 20", "connections: 100, h2: true, streams: 20", ""},
}

// measured is the scenario for one gateway and action: three loads that a stop
// affects differently, in each stop mode.
const measured = `
target: @SCHEME@://gateway/
load:
  new: {duration: 9s, connections: 20, rate: 25, keep-alive: false@NEW@}
  kept: {duration: 9s, @KEPT@}
  long: {duration: 9s, @LONG@, url: "@SCHEME@://gateway/delay/3"}
settle: 3500ms # a response of the third load, and a margin
setup:
  - lab: {start: {gateway: "${GATEWAY}", proto: @PROTO@, stop: "${STOP}", replicas: 5, pre-stop: 1s, propagation: 50ms, grace: 10s}}
variants:
  abrupt: {set: {STOP: abrupt}}
  naive: {set: {STOP: naive}}
  graceful: {set: {STOP: graceful}}
timeline:
  - {at: 4s, of: new, lab: {@ACTION@: 1}}
`

func (s *spoken) scenario(action string) string {
	return strings.NewReplacer("@SCHEME@", gateway.Proto(s.proto).Scheme(), "@PROTO@", s.proto, "@NEW@", s.new, "@KEPT@", s.kept, "@LONG@", s.held, "@ACTION@", action).Replace(measured)
}

// TestGatewayTable measures what each gateway loses in each stop mode, or only
// checks that the table has a row for each.
func TestGatewayTable(t *testing.T) {
	page, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), tableBegin)
	old, after, ended := strings.Cut(rest, tableEnd)
	if !found || !ended {
		t.Fatalf("%s has no place for the table", tableFile)
	}
	if !*gatewayTable {
		expectRows(t, old)
		return
	}
	program := clitest.Build(t)
	var table strings.Builder
	var versions []string
	table.WriteString("| gateway | action | stop mode | new connections | kept-alive | 3 s responses |\n|---|---|---|---|---|---|\n")
	for i, s := range speeches {
		for _, g := range gateway.All() {
			version := ""
			for _, action := range gatewayActions {
				var rows string
				version, rows = measureGateway(t, program, g.Name, action, &s)
				table.WriteString(rows)
			}
			if i == 0 {
				versions = append(versions, version)
			}
		}
	}
	text := fmt.Sprintf("%sMeasured on %s, %d processors: %s.\n\n%s%s", tableBegin, time.Now().Format(time.DateOnly), runtime.NumCPU(), strings.Join(versions, ", "), &table, tableEnd)
	if err := os.WriteFile(tableFile, []byte(before+text+after), 0o600); err != nil {
		t.Fatal(err)
	}
}

var gatewayActions = []string{"scale", "restart"}

// expectRows checks that the table has every row.
func expectRows(t *testing.T, table string) {
	t.Helper()
	for _, s := range speeches {
		for _, g := range gateway.All() {
			for _, action := range gatewayActions {
				for mode, cell := range map[string]string{"abrupt": "**", "naive": "**", "graceful": s.graceful} {
					if row := fmt.Sprintf("\n| "+s.title+" | %s | %s | %s", g.Name, action, mode, cell); !strings.Contains(table, row) {
						t.Errorf("no row %q: make gateways; the README says what each way to stop loses", row)
					}
				}
			}
		}
	}
}

// measureGateway returns the rows of one gateway and action.
func measureGateway(t *testing.T, program, gateway, action string, s *spoken) (version, rows string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(s.scenario(action)), 0o600); err != nil {
		t.Fatal(err)
	}
	o := clitest.Run(t, program, "scenario", "run", file, "--set", "GATEWAY="+gateway)
	if o.Code != cli.ExitOK {
		t.Fatalf("%s, %s: exit code %d\n%s%s", gateway, action, o.Code, o.Stdout, o.Stderr)
	}
	r := report.Build(o.Recording)
	var b strings.Builder
	for i := 0; i < len(r.Runs); i += 3 { // three streams of one variant
		fmt.Fprintf(&b, "| "+s.title+" | %s | %s |", gateway, action, r.Runs[i].Run.Variant)
		for _, run := range r.Runs[i : i+3] {
			fmt.Fprintf(&b, " %s |", lossCell(&run))
		}
		b.WriteByte('\n')
	}
	t.Logf("%s", b.String())
	return o.Runs[0].Gateway, b.String()
}

// lossCell describes how many requests were lost, in which classes, and for how
// long.
func lossCell(r *report.RunReport) string {
	c := r.Run.Counts
	if c.Lost == 0 {
		return "none of " + strconv.FormatInt(c.Started, 10)
	}
	var classes []string
	for _, l := range r.Loss.Classes {
		if !l.Spoiled {
			classes = append(classes, fmt.Sprintf("%d `%s`", l.Total(), l.Class))
		}
	}
	return fmt.Sprintf("**%d** of %d: %s; %s, %.2f s", c.Lost, c.Started, strings.Join(classes, ", "), windows(len(r.Loss.Windows)), float64(lossTime(r))/1e9)
}

func windows(n int) string {
	if n == 1 {
		return "1 window"
	}
	return fmt.Sprintf("%d windows", n)
}

// lossTime returns the total length of the windows, in ns.
func lossTime(r *report.RunReport) (total int64) {
	for _, w := range r.Loss.Windows {
		total += w.End - w.Begin
	}
	return total
}
