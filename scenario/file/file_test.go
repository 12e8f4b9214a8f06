package file

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nodrop/scenario"
	"nodrop/scenario/action"
	"nodrop/scenario/kube"
)

var update = flag.Bool("update", false, "rewrite testdata/broken.txt")

// parse returns the scenario of a text.
func parse(path string, text []byte, o Options) (*scenario.Scenario, error) {
	return newReader(path, o).read(text)
}

func parseCheck(text string) error {
	if !strings.HasPrefix(text, "lost ") {
		return fmt.Errorf("check %q: unknown metric", text)
	}
	return nil
}

// TestBroken: the faults of each file match testdata/broken.txt exactly.
func TestBroken(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var got strings.Builder
	for _, name := range files {
		_, err := Load(name, Options{ParseCheck: parseCheck})
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		fmt.Fprintln(&got, strings.ReplaceAll(err.Error(), "testdata/broken/", ""))
	}
	if *update {
		if err := os.WriteFile("testdata/broken.txt", []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/broken.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Error(diff)
	}
}

const whole = `
name: all of it
target: http://127.0.0.1:${PORT}/
load:
  new: {requests: 500, connections: 20, keep-alive: false, rate: 2.5, headers: {X-A: "${COLOUR}"}, ok: "2xx,404"}
  slow: {url: "http://127.0.0.1:${PORT}/slow", connections: 3, duration: 20s, timeout: 30}
settle: 2s
repeat: 3
vars: {COLOUR: red, PORT: "8080", WAY: TERM}
setup:
  - name: web
    start:
      argv: [server, "${PORT}"]
      env: {A: b}
      dir: /tmp
      ready: {http: {url: "${TARGET}", status: 200}, every: 5ms, timeout: 2s}
      stop: QUIT
      grace: 3s
gate:
  - http: "${TARGET}"
  - wait: {tcp: "127.0.0.1:${PORT}"}
variants:
  badly:
    set: {WAY: KILL}
    require: ["lost > 0"]
  well:
    setup: [{exec: echo well}]
    restore: [{exec: [echo, own]}]
    expect: ["lost == 0"]
    fail-if: ["lost > 5"]
timeline:
  - {name: take it away, at: 20%, signal: {process: web, name: "${WAY}", gone: 5s}}
  - {name: look, after: take it away + 1500ms, http: {method: put, url: "${TARGET}x", body: y, headers: {A: b}, undo: "${TARGET}z", still: "${TARGET}s"}}
  - {at: "#100", of: slow, exec: {shell: "echo $${HOME}", timeout: 5s}}
restore:
  - {exec: echo shared}
`

// TestLoadsAsAList: unnamed loads side by side get names that steps can use.
func TestLoadsAsAList(t *testing.T) {
	const text = `
target: http://127.0.0.1:1/
load:
  - {requests: 100}
  - {url: "http://127.0.0.1:2/", duration: 5s}
timeline:
  - {at: 20%, of: load-2, exec: "true"}
`
	s, err := parse("list.yaml", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := check(t, compileSchema(t), []byte(text)); err != nil {
		t.Error(err)
	}
	if len(s.Streams) != 2 || s.Streams[0].Name != "load-1" || s.Streams[1].Name != "load-2" || s.Streams[1].Load.URL != "http://127.0.0.1:2/" {
		t.Errorf("got %+v", s.Streams)
	}
	if of := s.Variants[0].Timeline[0].Stream; of != "load-2" {
		t.Errorf("the step refers to load %q; want load-2", of)
	}
}

func TestWhole(t *testing.T) {
	s, err := parse("whole.yaml", []byte(whole), Options{
		Set: map[string]string{"PORT": "9090"}, ParseCheck: parseCheck, FailIf: []string{"lost > 7"},
		LookupEnv: func(name string) (string, bool) { return "blue", name == "COLOUR" },
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Settle != 2*time.Second || s.Repeat != 3 || len(s.Streams) != 2 || len(s.Variants) != 2 {
		t.Fatalf("%+v", s)
	}
	fresh := s.Streams[0].Load
	if fresh.URL != "http://127.0.0.1:9090/" || !fresh.DisableKeepAlive || fresh.Rate != 2.5 || fresh.OK != "2xx,404" {
		t.Errorf("%+v", fresh)
	}
	for _, f := range fresh.Fields {
		if f.Name == "X-A" && f.Value != "blue" {
			t.Errorf("COLOUR is %s; want blue, from the environment", f.Value)
		}
	}
	if slow := s.Streams[1]; slow.Name != "slow" || slow.Load.Duration != 20*time.Second || slow.Load.Timeout != 30*time.Second {
		t.Errorf("%+v", slow)
	}
	badly, well := s.Variants[0], s.Variants[1]
	start := badly.Setup[0].(*action.Start)
	want := &action.Start{
		Name: "web", Command: action.Command{Argv: []string{"server", "9090"}, Env: []string{"A=b"}, Dir: "/tmp", Title: "server ${PORT}"}, Stop: "QUIT", Grace: 3 * time.Second,
		Ready: action.Probe{HTTP: &action.HTTP{URL: "http://127.0.0.1:9090/", Status: "200"}, Every: 5 * time.Millisecond, Timeout: 2 * time.Second},
	}
	ignored := cmp.FilterPath(func(p cmp.Path) bool {
		return strings.Contains("process life output told undo processes log", strings.TrimPrefix(p.Last().String(), "."))
	}, cmp.Ignore())
	if diff := cmp.Diff(want, start, ignored); diff != "" {
		t.Error(diff)
	}
	if len(badly.Setup) != 1 || len(well.Setup) != 2 || len(badly.Gate) != 2 || len(badly.Restore) != 1 || len(well.Restore) != 2 {
		t.Errorf("%d and %d setup, %d gate, %d and %d restore", len(badly.Setup), len(well.Setup), len(badly.Gate), len(badly.Restore), len(well.Restore))
	}
	if badly.Timeline[0].Action.(*action.Signal).Name != "KILL" || well.Timeline[0].Action.(*action.Signal).Name != "TERM" {
		t.Error("the timeline ignores the variant's set")
	}
	look := well.Timeline[1]
	if look.After != "take it away" || look.Delay != 1500*time.Millisecond || look.Action.(*action.HTTP).UndoBy.URL != "http://127.0.0.1:9090/z" {
		t.Errorf("%+v", look)
	}
	last := well.Timeline[2]
	if (last.At != scenario.At{Request: 100}) || last.Stream != "slow" || last.Name != "echo ${HOME}" {
		t.Errorf("%+v", last)
	}
	if diff := cmp.Diff([]string{"lost > 5", "lost > 7"}, well.FailIf); diff != "" || len(badly.FailIf) > 0 {
		t.Error(diff)
	}
}

// TestTimelineOfVariant: the steps of a variant run beside the shared ones, and
// can wait for them. Nothing need be shared.
func TestTimelineOfVariant(t *testing.T) {
	const variants = `
target: http://127.0.0.1:1/
load: {requests: 100}
variants:
  abrupt:
    timeline:
      - {name: stop, at: 1s, exec: "true"}
      - {name: again, after: stop, exec: "true"}
  graceful:
    timeline: [{name: reload, at: 2s, exec: "true"}]
`
	const shared = "timeline: [{name: look, at: 1s, exec: \"true\"}]\n"
	schema := compileSchema(t)
	for text, want := range map[string]string{
		variants:          "stop again, reload",
		variants + shared: "look stop again, look reload",
	} {
		if err := check(t, schema, []byte(text)); err != nil {
			t.Error(err)
		}
		s, err := parse("x.yaml", []byte(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range s.Variants {
			var names []string
			for _, step := range v.Timeline {
				names = append(names, step.Name)
			}
			got = append(got, strings.Join(names, " "))
		}
		if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
			t.Error(diff)
		}
	}
}

func TestChosenVariants(t *testing.T) {
	s, err := parse("whole.yaml", []byte(whole), Options{Variants: []string{"well"}, Repeat: 2})
	if err != nil || len(s.Variants) != 1 || s.Variants[0].Name != "well" || s.Repeat != 2 {
		t.Errorf("%v, %+v", err, s)
	}
	_, err = parse("whole.yaml", []byte(whole), Options{Variants: []string{"wel"}})
	if err == nil || !strings.HasSuffix(err.Error(), `there is no variant "wel"; did you mean "well"?`) {
		t.Errorf("%v", err)
	}
}

// FuzzParse: any input is a valid scenario or yields faults with a position.
func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	files, _ := filepath.Glob("testdata/broken/*.yaml")
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parse("x.yaml", text, Options{ParseCheck: parseCheck})
		if err == nil {
			if Plan(s) == "" {
				t.Error("the plan is empty")
			}
			return
		}
		for line := range strings.Lines(err.Error()) {
			if !strings.HasPrefix(line, "x.yaml:") && !strings.HasPrefix(line, "and ") {
				t.Errorf("a fault without a position: %q", line)
			}
		}
	})
}

// TestManifests: nodrop sends a cluster what kubectl makes of the same text.
func TestManifests(t *testing.T) {
	s, err := parse("kube.yaml", []byte(`
load: {url: "http://127.0.0.1/"}
timeline:
  - {at: 1s, kube: {patch: configmap/c, with: {data: {9000: "a/b:${N}", since: 2024-01-01}, n: 7, yes: null}}}
vars: {N: "1"}
`), Options{ParseCheck: parseCheck})
	if err != nil {
		t.Fatal(err)
	}
	patch, ok := s.Variants[0].Timeline[0].Action.(*kube.Patch)
	if !ok {
		t.Fatalf("got %T", s.Variants[0].Timeline[0].Action)
	}
	got, err := json.Marshal(patch.Patch.Fields)
	if want := `{"data":{"9000":"a/b:1","since":"2024-01-01"},"n":7,"yes":null}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}
