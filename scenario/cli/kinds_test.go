package cli

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/cli/clitest"
	"nodrop/loadgen/record"
	"nodrop/scenario/file"
)

// localKinds lists the kinds that run on this machine as they are. graceful says
// how much of a load the graceful variant may lose. sabotage makes that variant
// lose requests: pairs, each a text of the file and what replaces it.
var localKinds = []struct {
	name     string
	tool     string
	graceful float64
	sabotage []string
}{
	{"process", "python3", 0, []string{"STOP: TERM", "STOP: KILL"}},
	{"exec", "python3", 0, []string{"DO: cp new next && mv next page", "DO: rm page && sleep 0.3 && cp new page"}},
	{"nginx", "nginx", 0, []string{"name: HUP", "name: TERM"}},
	{"haproxy", "haproxy", 0, []string{"name: USR2", "name: TERM"}},
	{"caddy", "caddy", 0.02, []string{"[caddy, reload, --force, ", "[caddy, stop, --address, \"127.0.0.1:${ADMIN}\", "}},
	{"envoy", "envoy", 0, []string{`--parent-shutdown-time-s, "4"`, `--parent-shutdown-time-s, "0"`}},
	{"lab", "", 0, []string{"STOP: graceful", "STOP: naive"}},
}

// writeKind writes the template of a kind, on free ports, with its files in an
// own directory. replaced has pairs of texts: each must be there.
func writeKind(t *testing.T, name string, replaced ...string) (path string) {
	t.Helper()
	kinds := file.Kinds()
	i := slices.IndexFunc(kinds, func(kind file.Kind) bool { return kind.Name == name })
	text := portLine().ReplaceAllStringFunc(kinds[i].Text(), func(line string) string {
		variable, _, _ := strings.Cut(line, ":")
		return fmt.Sprintf("%s: %q", variable, strconv.Itoa(clitest.FreePort(t)))
	})
	dir := clitest.NewDir(t)
	text = strings.Replace(text, "  DIR: nodrop-"+name, "  DIR: "+filepath.Join(dir, "files"), 1)
	for pair := range slices.Chunk(replaced, 2) {
		if !strings.Contains(text, pair[0]) {
			t.Fatalf("the template of %s has no %q:\n%s", name, pair[0], text)
		}
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	path = filepath.Join(dir, name+".yaml")
	clitest.WriteFile(t, path, []byte(text))
	return path
}

// needsSignals skips the test on Windows, and puts the gateways on the PATH, where
// Debian does not have them for users.
func needsSignals(t *testing.T) {
	t.Helper()
	clitest.NeedsTime(t)
	if runtime.GOOS == "windows" {
		t.Skip("NOT RUN: the servers are stopped by signals")
	}
	for _, kind := range localKinds {
		if kind.tool != "" {
			t.Setenv("PATH", filepath.Dir(clitest.Tool(t, kind.tool))+string(filepath.ListSeparator)+os.Getenv("PATH"))
		}
	}
}

// TestKindsRun: what scenario init writes runs as it is, and its checks hold: every
// load of the abrupt variant loses requests, and none of the graceful one loses
// more than the gateway's best.
func TestKindsRun(t *testing.T) {
	needsSignals(t)
	program := clitest.Build(t)
	for _, kind := range localKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			o := clitest.Run(t, program, "scenario", "run", writeKind(t, kind.name), "--repeat", "1")
			o.ExpectExit(t, cli.ExitOK)
			seen := map[string]bool{}
			for _, r := range o.Runs {
				seen[r.Variant] = true
				switch c := r.Counts; {
				case r.Variant == "abrupt" && (c.Lost == 0 || len(r.Require) == 0):
					t.Errorf("%s/%s lost none of %d; want some, and a check for that", r.Variant, r.Stream, c.Started)
				case r.Variant == "graceful" && (float64(c.Lost) > kind.graceful*float64(c.Started) || len(r.Expect) == 0):
					t.Errorf("%s/%s lost %d of %d; want at most %g of them, and a check for that", r.Variant, r.Stream, c.Lost, c.Started, kind.graceful)
				}
			}
			if runtime.GOOS == "linux" && kind.tool == kind.name && !slices.ContainsFunc(o.Runs[0].Marks, func(m record.Mark) bool {
				return m.Kind == record.MarkListenerClosed && m.Address != "" && strings.Contains(o.Runs[0].Settings.URL, m.Address)
			}) {
				t.Errorf("marks %+v; want when the listener of %s closed", o.Runs[0].Marks, o.Runs[0].Settings.URL)
			}
			if !seen["abrupt"] || !seen["graceful"] {
				t.Errorf("variants %v; want abrupt and graceful", seen)
			}
		})
	}
}

// TestKindsSabotaged: a graceful variant that is not graceful fails the verdict.
func TestKindsSabotaged(t *testing.T) {
	needsSignals(t)
	program := clitest.Build(t)
	for _, kind := range localKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			o := clitest.Run(t, program, "scenario", "run", writeKind(t, kind.name, kind.sabotage...), "--variant", "graceful", "--repeat", "1")
			if o.Code != cli.ExitFail || !strings.Contains(o.Stdout, "Verdict: fail: ") {
				t.Errorf("exit code %d; want %d and a verdict of fail", o.Code, cli.ExitFail)
			}
		})
	}
}

// TestNginxClosesIdleConnections: what the template of nginx says of kept-alive
// connections is true: a reload closes them without notice. Each can lose one
// request, and no other load loses any.
func TestNginxClosesIdleConnections(t *testing.T) {
	needsSignals(t)
	const kept = "  kept: {duration: 7s, connections: 10, rate: 20}\n"
	path := writeKind(t, "nginx", "\nload:\n", "\nload:\n"+kept)
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "\n# "+kept) {
		t.Fatalf("%v; want the load in a comment of the template:\n%s", err, text)
	}
	o := clitest.Run(t, clitest.Build(t), "scenario", "run", path, "--variant", "graceful")
	for _, r := range o.Runs {
		if most := map[string]int64{"kept": 10}[r.Stream]; r.Counts.Lost > most {
			t.Errorf("%s lost %d; want at most %d", r.Stream, r.Counts.Lost, most)
		}
	}
	if !regexp.MustCompile(`(?m)^    - \d+ kept-alive connections were closed by the peer before the next request`).MatchString(o.Stdout) {
		t.Error("the report does not say that connections were closed")
	}
}

// TestInitPort: a port that is in use when the template is written is not in it. One
// that is taken later ends the run with one line and a hint.
func TestInitPort(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT RUN: the servers are stopped by signals")
	}
	l, err := clitest.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	held := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	text, moved := onFreePorts(t.Context(), "vars:\n  PORT: \""+held+"\"\n  REPLICAS: \"5\"\n")
	port := portLine().FindStringSubmatch(text)
	if port == nil || port[1] == held || !strings.Contains(text, `REPLICAS: "5"`) {
		t.Errorf("%s is held; got %s", held, text)
	} else if want := fmt.Sprintf("nodrop: port %s is in use; the template uses %s instead\n", held, port[1]); moved != want {
		t.Errorf("got %q; want %q", moved, want)
	}
	if text, moved := onFreePorts(t.Context(), text); moved != "" {
		t.Errorf("%s; got %q; want no other port", text, moved)
	}

	cmd := exec.CommandContext(t.Context(), clitest.Build(t), "scenario", "run", writeKind(t, "process"), "--set", "PORT="+held)
	out, _ := cmd.CombinedOutput()
	told := regexp.MustCompile(`\Anodrop: abrupt #1: server: 127\.0\.0\.1:` + held + ` is already in use by .*\nhint: .*\n\z`)
	if code := cmd.ProcessState.ExitCode(); code != cli.ExitMisuse || !told.Match(out) {
		t.Errorf("exit code %d; want %d\n%s", code, cli.ExitMisuse, out)
	}
}

// TestInitSchema: an editor finds the schema that the first line of a template
// names, without a network, and the template satisfies it.
func TestInitSchema(t *testing.T) {
	dir := t.TempDir()
	for _, kind := range file.Kinds() {
		o := &initOptions{Program: &Program{}, output: filepath.Join(dir, kind.Name+".yaml"), toFile: true}
		if err := o.write(kind.Text()); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(o.output)
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := strings.Cut(string(text), "\n")
		name, found := strings.CutPrefix(line, "# yaml-language-server: $schema=")
		if !found {
			t.Fatalf("%s begins with %q", kind.Name, line)
		}
		schema, err := jsonschema.NewCompiler().Compile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(parsed(t, text)); err != nil {
			t.Errorf("%s: %v", kind.Name, err)
		}
		if schema.Validate(parsed(t, append(text, "misspelt: 1\n"...))) == nil {
			t.Errorf("%s: the schema accepts an unknown key", kind.Name)
		}
	}
}

// parsed returns YAML as the schema's library reads JSON.
func parsed(t *testing.T, text []byte) any {
	t.Helper()
	var values any
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(asJSON)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestSchemaOfOthers: a schema of another version of nodrop is replaced; another
// file of that name is not, and then no template is left.
func TestSchemaOfOthers(t *testing.T) {
	dir := t.TempDir()
	schema := filepath.Join(dir, file.SchemaFile)
	o := &initOptions{Program: &Program{}, output: filepath.Join(dir, "a.yaml"), toFile: true}
	clitest.WriteFile(t, schema, []byte(`{"$id": "`+file.SchemaFile+`"}`))
	if err := o.write("a: 1\n"); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(schema); err != nil || string(text) != file.Schema {
		t.Errorf("%v; the schema is still the old one", err)
	}
	clitest.WriteFile(t, schema, []byte("mine"))
	o.output = filepath.Join(dir, "b.yaml")
	if err := o.write("b: 1\n"); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("got %v; want that the file already exists", err)
	}
	if _, err := os.Stat(o.output); !os.IsNotExist(err) {
		t.Errorf("%v; want no template", err)
	}
	o.force = true
	if err := o.write("b: 1\n"); err != nil {
		t.Error(err)
	}
}
