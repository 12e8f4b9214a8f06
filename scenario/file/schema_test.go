package file

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("scenario.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("scenario.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func check(t *testing.T, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	var parsed any
	if err := yaml.Unmarshal(text, &parsed); err != nil {
		return err
	}
	asJSON, err := json.Marshal(parsed)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(asJSON)))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(doc)
}

// TestKinds: each can be run unchanged, and the schema accepts it.
func TestKinds(t *testing.T) {
	schema := compileSchema(t)
	for _, kind := range Kinds() {
		if _, err := parse(kind.Name, []byte(kind.Text()), Options{}); err != nil {
			t.Error(err)
		}
		if err := check(t, schema, []byte(kind.Text())); err != nil {
			t.Errorf("%s: %v", kind.Name, err)
		}
	}
	if err := check(t, schema, []byte(whole)); err != nil {
		t.Error(err)
	}
}

// beyond lists faults that cannot be found in a single value.
var beyond = []string{
	"after-bad-delay", "after-itself", "after-nobody", "alias", "asm-in-timeline", "asm-old-range", "asm-range",
	"asm-version", "at-beyond", "at-nonsense", "check", "exec-timeout", "http-status-goaway", "http-status", "kube-annotate-number", "kube-cluster", "kube-delete-all", "kube-drain-count", "kube-drain-restore",
	"kube-empty-grace", "kube-empty-number", "kube-evict-selector", "kube-for-nothing", "kube-for-rollout", "kube-for", "kube-grace", "kube-no-wait",
	"kube-other-key", "kube-patch-directive", "kube-patch-extra", "kube-patch-json-mapping", "kube-patch-merge-list",
	"kube-patch-no-value", "kube-patch-pointer", "kube-ref", "kube-serves", "kube-watch-late", "lab-backend", "lab-h2c-none", "lab-h2c", "lab-no-fleet", "lab-restart-all", "lab-scale-up", "lab-scheme-plain", "lab-scheme", "lab-second",
	"lab-start-late", "load-bad-url", "load-fewer-requests-than-workers", "load-header", "load-no-url", "mark-endpoint", "mark-in-restore", "of-no-stream",
	"search-asm", "search-no-checks", "search-no-variant", "search-range", "search-repeat", "search-two-variants", "search-unused",
	"signal-name", "signal-near-process", "signal-unknown-process", "start-without-name", "two-documents",
	"two-steps-of-one-name", "undo-in-restore", "variable-not-closed", "variable-not-set", "variable-unused",
	"variant-step-twice",
}

// TestSchemaRefuses: the schema rejects all other broken files.
func TestSchemaRefuses(t *testing.T) {
	schema := compileSchema(t)
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var taken []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if check(t, schema, text) == nil {
			taken = append(taken, strings.TrimSuffix(filepath.Base(name), ".yaml"))
		}
	}
	if diff := cmp.Diff(beyond, taken); diff != "" {
		t.Error(diff)
	}
}

// TestSchemaHasAllKeys: the schema has the same keys for each mapping as the
// reader, which lists its keys when it meets an unknown one.
func TestSchemaHasAllKeys(t *testing.T) {
	const timeline = "load: {url: 'http://127.0.0.1/'}\ntimeline: [{at: 1s, %s}]"
	for place, text := range map[string]string{
		"":                             "zzzzzzzzzzzz: 1",
		"properties/search":            "load: {url: 'http://127.0.0.1/'}\ntimeline: []\nsearch: {zzzzzzzzzzzz: 1}",
		"$defs/load":                   "load: {zzzzzzzzzzzz: 1}",
		"$defs/step":                   "load: {url: 'http://127.0.0.1/'}\ntimeline: []\nsetup: [{zzzzzzzzzzzz: 1}]",
		"$defs/event":                  fmt.Sprintf(timeline, "zzzzzzzzzzzz: 1"),
		"$defs/variant":                "load: {url: 'http://127.0.0.1/'}\ntimeline: []\nvariants: {a: {zzzzzzzzzzzz: 1}}",
		"$defs/exec/anyOf/2":           fmt.Sprintf(timeline, "exec: {zzzzzzzzzzzz: 1}"),
		"$defs/signal":                 fmt.Sprintf(timeline, "signal: {zzzzzzzzzzzz: 1}"),
		"$defs/start":                  fmt.Sprintf(timeline, "name: a, start: {zzzzzzzzzzzz: 1}"),
		"$defs/start/properties/ready": fmt.Sprintf(timeline, "name: a, start: {ready: {zzzzzzzzzzzz: 1}}"),
		"$defs/stop/anyOf/1":           fmt.Sprintf(timeline, "stop: {zzzzzzzzzzzz: 1}"),
		"$defs/http/anyOf/1":           fmt.Sprintf(timeline, "http: {zzzzzzzzzzzz: 1}"),
		"$defs/lab":                    fmt.Sprintf(timeline, "lab: {zzzzzzzzzzzz: 1}"),
		"$defs/lab/properties/start":   fmt.Sprintf(timeline, "lab: {start: {zzzzzzzzzzzz: 1}}"),
		"$defs/kube":                   fmt.Sprintf(timeline, "kube: {zzzzzzzzzzzz: 1}"),
		"$defs/pods":                   fmt.Sprintf(timeline, "kube: {pods: {zzzzzzzzzzzz: 1}}"),
		"$defs/asm":                    fmt.Sprintf(timeline, "asm: {zzzzzzzzzzzz: 1}"),
		"$defs/cluster":                "clusters: {a: {zzzzzzzzzzzz: 1}}",
		"$defs/wait/anyOf/1":           fmt.Sprintf(timeline, "wait: {zzzzzzzzzzzz: 1}"),
		"$defs/mark/anyOf/1":           fmt.Sprintf(timeline, "mark: {zzzzzzzzzzzz: 1}"),
	} {
		_, err := parse("x", []byte(text), Options{})
		if err == nil {
			t.Errorf("%s: no error", place)
			continue
		}
		told := regexp.MustCompile(`unknown key "zzzzzzzzzzzz" in .*; known: (.*)`).FindStringSubmatch(err.Error())
		if told == nil {
			t.Errorf("%s: %v", place, err)
			continue
		}
		want := strings.Split(told[1], ", ")
		slices.Sort(want)
		if diff := cmp.Diff(want, keysAt(t, place)); diff != "" {
			t.Errorf("%s: %s", place, diff)
		}
	}
}

func keysAt(t *testing.T, place string) []string {
	t.Helper()
	var at any
	if err := json.Unmarshal([]byte(Schema), &at); err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(place, "/") {
		switch v := at.(type) {
		case map[string]any:
			if part != "" {
				at = v[part]
			}
		case []any:
			at = v[part[0]-'0']
		}
	}
	var keys []string
	for key := range at.(map[string]any)["properties"].(map[string]any) {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
