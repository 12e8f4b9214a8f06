package cli

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"mvdan.cc/sh/v3/syntax"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/cli/clitest"
)

const root = "../.."

// document is what people read: the README, or a page of nodrop help.
type document struct {
	name, text string
}

// documents returns the README and the pages of nodrop help.
func documents(t *testing.T) []document {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "*/cli/help/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 12 {
		t.Fatalf("only %d pages of help: %v", len(files), files)
	}
	var list []document
	for _, file := range append(files, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, document{filepath.Base(file), string(text)})
	}
	return list
}

// named returns the document with this file name.
func named(t *testing.T, name string) document {
	t.Helper()
	list := documents(t)
	i := slices.IndexFunc(list, func(d document) bool { return d.name == name })
	if i < 0 {
		t.Fatalf("there is no document %s", name)
	}
	return list[i]
}

// blocks returns the contents of the document's code blocks in a language.
func (d document) blocks(language string) []string {
	var list []string
	for _, found := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(d.text, -1) {
		list = append(list, found[1])
	}
	return list
}

// commands returns the commands of the document's shell blocks, and those of the
// steps of its workflows.
func (d document) commands(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, block := range d.blocks("sh") {
		if !strings.HasPrefix(block, "#!") {
			list = append(list, statements(t, block)...)
		}
	}
	for _, block := range d.blocks("yaml") {
		var node yaml.Node
		if err := yaml.Unmarshal([]byte(block), &node); err != nil {
			t.Fatalf("%s: %v\n%s", d.name, err, block)
		}
		for _, line := range runs(&node) {
			list = append(list, statements(t, line)...)
		}
	}
	return list
}

// scripts returns the programs that the document shows, by the names that they have
// in their second lines.
func (d document) scripts(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{}
	for _, block := range d.blocks("sh") {
		if !strings.HasPrefix(block, "#!") {
			continue
		}
		name := regexp.MustCompile(`^#!.*\n# (\S+): `).FindStringSubmatch(block)
		if name == nil {
			t.Fatalf("%s: a script without a name:\n%s", d.name, block)
		}
		list[name[1]] = block
	}
	return list
}

// statements returns the commands of a script, one by one.
func statements(t *testing.T, script string) []string {
	t.Helper()
	file, err := syntax.NewParser().Parse(strings.NewReader(script), "")
	if err != nil {
		t.Fatalf("%v\n%s", err, script)
	}
	var list []string
	for _, statement := range file.Stmts {
		var b bytes.Buffer
		if err := syntax.NewPrinter().Print(&b, statement); err != nil {
			t.Fatal(err)
		}
		list = append(list, b.String())
	}
	return list
}

// runs returns what the steps of a workflow run.
func runs(n *yaml.Node) []string {
	var list []string
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "run" {
			list = append(list, child.Value)
			continue
		}
		list = append(list, runs(child)...)
	}
	return list
}

// smaller makes the loads of the documents fit for a test: each pair is a text of a
// command and what takes its place. SERVER, ROOT, DIR, PID and FREE are the test's.
var smaller = []string{
	"http://GATEWAY/", "SERVER/",
	"http://10.0.0.1/", "SERVER/",
	"http://127.0.0.1:8000", "SERVER",
	"-n 50000", "-n 400",
	"-n 60000", "-n 400",
	"-n 20000", "-n 400",
	"-n 5000 ", "-n 400 ",
	"-c 200", "-c 20",
	"-c 100", "-c 20",
	"-z 30s", "-z 1s",
	"--settle 10s", "--settle 100ms",
	"--settle 5s", "--settle 100ms",
	"sleep 30", "sleep 0.1",
	"sleep 5", "sleep 0.1",
	"p99 > 250ms", "p99 > 250s",
	"--pid 4242", "--pid PID",
	"PORT=18081", "PORT=FREE",
	"go run . lab", "go run -C ROOT . lab -n 600 -c 20 -q 50 --replicas 3 --settle 100ms",
	"go install .", "go install -C ROOT .",
	"go build -o nodrop .", "go build -C ROOT -o DIR/built . && cp \"$(command -v nodrop)\" nodrop",
	"make test", "make -C ROOT --dry-run test",
	"make build", "make -C ROOT --dry-run build",
}

// exits are the commands that do not exit 0, by how they begin, and what they say
// then.
var exits = []struct {
	command string
	code    int
	says    string
}{
	{"nodrop lab --stop graceful --propagation 500ms", cli.ExitFail, "connect.refused"},
	{"nodrop -n 1000 --ok 200,304 --expect-body", cli.ExitOK, "body.rejected"}, // the server's page is no HTML
	// There is no cluster here; package kube runs these in one.
	{"nodrop -c 200 -n 50000 -q 25 -disable-keepalive --settle 10s \\\n\t--scale", cli.ExitMisuse, unreachable},
	{"nodrop -c 200 -n 50000 -q 25 -disable-keepalive --settle 10s \\\n\t--restart", cli.ExitMisuse, unreachable},
	{"nodrop -c 200 -n 50000 -q 25 -disable-keepalive --settle 10s \\\n\t--evict", cli.ExitMisuse, unreachable},
	{"nodrop scenario run --set ASM_KUBECONFIG=", cli.ExitMisuse, unreachable},
	{"nodrop prove -n 50000 -c 200", cli.ExitMisuse, unreachable},
	{"nodrop prove --variant off --set ASM_KUBECONFIG=", cli.ExitMisuse, unreachable},
}

// unreachable is in what nodrop says of the cluster of the tests.
const unreachable = "context nowhere"

// tools are the programs of other people in the documents. They do what the
// documents need of them: nothing, but with the arguments that are expected.
var tools = map[string]string{
	"kubectl":   `case "$*" in "scale deployment/gateway --replicas 1" | "rollout status deployment/gateway") ;; *) exit 9 ;; esac`,
	"ssh":       `[ "$*" = "10.0.0.5 systemctl stop web" ]`,
	"socat":     `[ "$*" = "- /run/haproxy/admin.sock" ] && grep -qx "set server web/web-1 state drain"`,
	"systemctl": `[ "$*" = "reload haproxy" ]`,
}

// kubeconfig names a cluster that is not there.
const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: nobody, user: {}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
current-context: nowhere
`

// reader is somebody who types the commands of a document, one after the other, in
// a directory of their own.
type reader struct {
	*testing.T
	dir  string
	env  []string
	here *strings.Replacer
}

// newReader gives a reader the files that the documents take for granted. load is
// the process of a load that runs meanwhile.
func newReader(t *testing.T, program, server string, load int) *reader {
	t.Helper()
	r := &reader{T: t, dir: clitest.NewDir(t)}
	bin := filepath.Join(r.dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, script := range tools {
		r.program("bin/"+name, "#!/bin/sh\n"+script+"\n")
	}
	// A lab of its own takes half a minute.
	r.program("bin/nodrop", fmt.Sprintf(`#!/bin/sh
case "$*" in
lab*--client*) shift; set -- lab --replicas 3 --at 100ms "$@" ;;
lab*) shift; set -- lab -n 600 -c 20 -q 50 --replicas 3 --settle 100ms "$@" ;;
esac
exec %q "$@"
`, program))
	r.program("deploy.sh", "#!/bin/sh\n")
	clitest.WriteFile(t, filepath.Join(r.dir, "kubeconfig"), []byte(kubeconfig))
	r.env = append(os.Environ(),
		"PATH="+bin+":/usr/sbin:"+os.Getenv("PATH"), "KUBECONFIG="+filepath.Join(r.dir, "kubeconfig"), "GOBIN="+filepath.Join(r.dir, "installed"),
		"URL="+server, "GITHUB_STEP_SUMMARY="+filepath.Join(r.dir, "step.md"))
	for _, name := range []string{"asm.kubeconfig", "ack.kubeconfig"} {
		clitest.WriteFile(t, filepath.Join(r.dir, name), []byte(kubeconfig))
	}
	if code, out := r.run("nodrop -n 50 -c 5 -o json=before.json " + server); code != cli.ExitOK {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	for _, name := range []string{"after.json", "base.json", "off-1.json", "on-1.json"} { // equal, so that no figure changes
		r.run("cp before.json " + name)
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	r.here = strings.NewReplacer("SERVER", server, "ROOT", abs, "DIR", r.dir, "PID", strconv.Itoa(load), "FREE", strconv.Itoa(clitest.FreePort(t)))
	return r
}

// program writes a program into the reader's directory.
func (r *reader) program(name, text string) {
	r.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o755); err != nil {
		r.Fatal(err)
	}
}

// reduced returns a text of a document, made fit for a test.
func (r *reader) reduced(text string) string {
	return r.here.Replace(strings.NewReplacer(smaller...).Replace(text))
}

// run runs a command, and returns its exit code and all that it printed.
func (r *reader) run(command string) (code int, out string) {
	r.Helper()
	cmd := exec.CommandContext(r.Context(), "sh", "-c", command)
	cmd.Dir, cmd.Env = r.dir, r.env
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// follow runs a document's command as it is, but smaller.
func (r *reader) follow(command string) {
	r.Helper()
	code, says := cli.ExitOK, ""
	for _, e := range exits {
		if strings.HasPrefix(command, e.command) {
			code, says = e.code, e.says
		}
	}
	now := r.reduced(command)
	got, out := r.run(now)
	if got != code || !strings.Contains(out, says) {
		r.Errorf("%s\n(run as %s)\nexit code %d; want %d, and %q in\n%s", command, now, got, code, says, out)
	}
}

// TestDocumentsRun: every command of the README and of nodrop help runs.
func TestDocumentsRun(t *testing.T) {
	clitest.NeedsTime(t)
	program, server := clitest.Build(t), startBackend(t)
	load := exec.CommandContext(t.Context(), program, "-z", "10m", "-c", "1", "-q", "10", server.URL) // for nodrop mark --pid
	if err := load.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = load.Process.Kill(); _ = load.Wait() })
	clitest.Await(t, "the load runs", func() bool { return server.count.Load() > 0 })
	scenario, conf := gate(t)
	all := 0
	for _, d := range documents(t) {
		commands := d.commands(t)
		all += len(commands)
		if len(commands) == 0 {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			r := newReader(t, program, server.URL, load.Process.Pid)
			clitest.WriteFile(t, filepath.Join(r.dir, "stop.yaml"), []byte(scenario))
			clitest.WriteFile(t, filepath.Join(r.dir, "gateway.conf"), []byte(conf))
			for name, text := range d.scripts(t) {
				r.program(name, r.reduced(text))
			}
			for _, command := range commands {
				if strings.Contains(command, "--dataplane nft") && !hasNamespaces(t) {
					t.Logf("NOT RUN, because no network namespace can be made here: %s", command)
					continue
				}
				r.follow(command)
			}
		})
	}
	if all < 50 {
		t.Errorf("only %d commands were found", all)
	}
}

func hasNamespaces(t *testing.T) bool {
	t.Helper()
	return exec.CommandContext(t.Context(), "unshare", "--net", "true").Run() == nil
}

// TestDocumentsExits: each row of exits and smaller is about a command that is
// there.
func TestDocumentsExits(t *testing.T) {
	var commands []string
	for _, d := range documents(t) {
		commands = append(commands, d.commands(t)...)
	}
	for _, e := range exits {
		if !slices.ContainsFunc(commands, func(c string) bool { return strings.HasPrefix(c, e.command) }) {
			t.Errorf("no command begins with %q", e.command)
		}
	}
	for _, d := range documents(t) {
		commands = append(commands, slices.Collect(maps.Values(d.scripts(t)))...)
	}
	for i := 0; i < len(smaller); i += 2 {
		if !slices.ContainsFunc(commands, func(c string) bool { return strings.Contains(c, smaller[i]) }) {
			t.Errorf("no command has %q", smaller[i])
		}
	}
}

// TestDocumentsRefer: the pages and targets of make that documents refer to are
// there, and so are the files.
func TestDocumentsRefer(t *testing.T) {
	program := clitest.Build(t)
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	list := documents(t)
	for _, name := range []string{"gateways", "bench"} {
		text, err := os.ReadFile(filepath.Join(root, "testdata", name, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, document{"testdata/" + name, string(text)})
	}
	seen := map[string]bool{}
	for _, d := range list {
		for _, found := range regexp.MustCompile("`(nodrop help|make) ([a-z][a-z0-9.-]*)`").FindAllStringSubmatch(d.text, -1) {
			if seen[found[0]] {
				continue
			}
			seen[found[0]] = true
			if found[1] == "make" && !bytes.Contains(makefile, []byte("\n"+found[2]+":")) {
				t.Errorf("%s: there is no %s", d.name, found[0])
			}
			if found[1] == "nodrop help" {
				if out, err := exec.CommandContext(t.Context(), program, "help", found[2]).CombinedOutput(); err != nil {
					t.Errorf("%s: %s: %v\n%s", d.name, found[0], err, out)
				}
			}
		}
		for _, found := range regexp.MustCompile("`((?:testdata|loadgen|report|scenario)/[a-zA-Z/]*\\.[a-zA-Z]+)`").FindAllStringSubmatch(d.text, -1) {
			if _, err := os.Stat(filepath.Join(root, found[1])); err != nil {
				t.Errorf("%s: %v", d.name, err)
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d references: %v", len(seen), seen)
	}
}

// TestDocumentsValid: what documents show of scenario files can be read.
func TestDocumentsValid(t *testing.T) {
	program, fragments := clitest.Build(t), 0
	for _, d := range documents(t) {
		for _, block := range d.blocks("yaml") {
			var keys map[string]any
			if err := yaml.Unmarshal([]byte(block), &keys); err != nil || keys["timeline"] == nil {
				continue // a workflow: its commands run in TestDocumentsRun
			}
			fragments++
			if keys["target"] == nil {
				block = "target: http://127.0.0.1:8080/\nload: {requests: 100}\n" + block
			}
			file := filepath.Join(t.TempDir(), "scenario.yaml")
			clitest.WriteFile(t, file, []byte(block))
			if out, err := exec.CommandContext(t.Context(), program, "scenario", "validate", file).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s\n%s", d.name, err, out, block)
			}
		}
	}
	if fragments < 2 {
		t.Errorf("%d scenarios in the documents", fragments)
	}
}

// gate returns the scenario of nodrop help scenarios, unchanged except for the
// port, fewer requests and one repetition, and the configuration that it needs.
func gate(t *testing.T) (scenario, conf string) {
	t.Helper()
	blocks := named(t, "scenarios.md").blocks("yaml")
	i := slices.IndexFunc(blocks, func(b string) bool { return strings.Contains(b, "\nvariants:") })
	if i < 0 {
		t.Fatal("nodrop help scenarios shows no scenario")
	}
	scenario = blocks[i]
	port := strconv.Itoa(clitest.FreePort(t))
	for old, now := range map[string]string{
		"8080":             port,
		"requests: 20000":  "requests: 1000",
		"connections: 200": "connections: 20",
		"repeat: 5":        "repeat: 1",
	} {
		if !strings.Contains(scenario, old) {
			t.Fatalf("the scenario has no %q:\n%s", old, scenario)
		}
		scenario = strings.ReplaceAll(scenario, old, now)
	}
	return scenario, strings.ReplaceAll(`
pid nginx.pid;
error_log stderr;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	server { listen 127.0.0.1:PORT backlog=4096; location / { return 200; } }
}
`, "PORT", port)
}

// TestDocumentsGate: the command that nodrop help ci makes a gate is open for a
// reload, and closed if the graceful variant of its scenario is not graceful.
func TestDocumentsGate(t *testing.T) {
	clitest.NeedsTime(t)
	commands := named(t, "ci.md").commands(t)
	i := slices.IndexFunc(commands, func(c string) bool { return strings.Contains(c, "|| exit 1") })
	if i < 0 {
		t.Fatal("nodrop help ci shows no gate")
	}
	program := clitest.Build(t)
	for want, reload := range []string{"reload: {", "reload: {set: {SIGNAL: TERM}, "} {
		r := newReader(t, program, startBackend(t).URL, 0)
		scenario, conf := gate(t)
		clitest.WriteFile(t, filepath.Join(r.dir, "stop.yaml"), []byte(strings.Replace(scenario, "reload: {", reload, 1)))
		clitest.WriteFile(t, filepath.Join(r.dir, "gateway.conf"), []byte(conf))
		if got, out := r.run(commands[i]); got != want {
			t.Errorf("%s: exit code %d; want %d\n%s", reload, got, want, out)
		}
		if _, err := os.Stat(filepath.Join(r.dir, "nodrop.xml")); err != nil {
			t.Error(err)
		}
	}
}

// most is what a README may have, in bytes.
const most = 12 << 10

// TestReadmeIsShort: nobody reads a long README.
func TestReadmeIsShort(t *testing.T) {
	if n := len(named(t, "README.md").text); n > most {
		t.Errorf("README.md has %d bytes; want %d at most: the rest belongs to nodrop help", n, most)
	}
}
