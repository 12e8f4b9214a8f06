package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/compare"
	"nodrop/report/phrase"
	"nodrop/report/reporttest"
)

func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func decoded(t testing.TB, text string) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestComputedJSONIsAsItsSchemaSays checks every fixture and random runs.
func TestComputedJSONIsAsItsSchemaSays(t *testing.T) {
	schema := compileSchema(t)
	check := func(t *testing.T, rec *record.Recording) {
		t.Helper()
		text := render(t, ComputedJSON, report.Build(rec))
		doc := decoded(t, text)
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		noSentinels(t, "", doc)
	}
	for _, f := range append(slices.Clone(reporttest.Fixtures), reporttest.Fixture{Name: "crowded", Build: crowded}, reporttest.Fixture{Name: "no runs", Build: func(testing.TB) *record.Recording { return reporttest.Recording() }}) {
		t.Run(f.Name, func(t *testing.T) { check(t, f.Build(t)) })
	}
	reporttest.EachRandomRun(t, func(t *testing.T, run *record.Run) { check(t, reporttest.Recording(run)) })
}

// TestChangeJSONIsAsItsSchemaSays: comparisons match the schema, and it rejects
// documents that differ.
func TestChangeJSONIsAsItsSchemaSays(t *testing.T) {
	schema := compileSchema(t)
	covered := map[string]bool{}
	for _, c := range changes {
		text := render(t, ComputedJSON, c.build(t))
		doc := decoded(t, text)
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, text)
			continue
		}
		noSentinels(t, "", doc)
		eachPlace("", shortLists(doc), covered, func(path, what string) {
			if schema.Validate(doc) == nil {
				t.Errorf("%s: accepted with %s: %s", c.name, path, what)
			}
		})
	}
	for _, want := range []string{".changes[].rows[].p", ".changes[].rows[].change", ".changes[].checks[].met", ".changes[].warnings"} {
		if !covered[want] {
			t.Errorf("%s is in none of the documents", want)
		}
	}
}

// signed matches the paths of numbers that may be -1.
var signed = regexp.MustCompile(`\.(distanceNs|direction|change)$`)

// noSentinels: internal values for "never" and "no limit" are null in the JSON.
func noSentinels(t *testing.T, path string, doc any) {
	t.Helper()
	switch doc := doc.(type) {
	case map[string]any:
		for key, value := range doc {
			noSentinels(t, path+"."+key, value)
		}
	case []any:
		for _, value := range doc {
			noSentinels(t, path+"[]", value)
		}
	case json.Number:
		v, err := doc.Float64()
		if err != nil || math.Abs(v) > 1<<60 || v == -1 && !signed.MatchString(path) {
			t.Errorf("%s is %v", path, doc)
		}
	}
}

// TestSchemaRejects: the schema rejects a document that differs in any one
// place from what is written.
func TestSchemaRejects(t *testing.T) {
	schema := compileSchema(t)
	covered := map[string]bool{}
	for _, name := range []string{"lab-graceful-lost", "mixed", "refused", "hostile"} {
		i := slices.IndexFunc(reporttest.Fixtures, func(f reporttest.Fixture) bool { return f.Name == name })
		doc := shortLists(decoded(t, render(t, ComputedJSON, report.Build(reporttest.Fixtures[i].Build(t)))))
		if err := schema.Validate(doc); err != nil {
			t.Fatal(err)
		}
		eachPlace("", doc, covered, func(path, what string) {
			if schema.Validate(doc) == nil {
				t.Errorf("%s: accepted with %s: %s", name, path, what)
			}
		})
	}
	for _, want := range []string{".runs[].windows[].beginsNear.name", ".runs[].marks[].firstLossNs", ".runs[].traces[].steps[].error", ".runs[].answers[].body", ".comparison.rows[].values"} {
		if !covered[want] {
			t.Errorf("%s is in none of the documents", want)
		}
	}
}

// shortLists keeps one element of each list, since the others are alike.
func shortLists(doc any) any {
	switch doc := doc.(type) {
	case map[string]any:
		for key := range doc {
			doc[key] = shortLists(doc[key])
		}
	case []any:
		if len(doc) > 1 {
			doc = doc[:1]
		}
		for i := range doc {
			doc[i] = shortLists(doc[i])
		}
		return doc
	}
	return doc
}

// eachPlace changes one place of doc at a time, tries the result, and restores
// it. It removes a field, adds one, or changes the type of a value.
func eachPlace(path string, doc any, done map[string]bool, try func(path, what string)) {
	switch doc := doc.(type) {
	case map[string]any:
		doc["unknown"] = 1
		try(path, "one more field")
		delete(doc, "unknown")
		for _, key := range slices.Sorted(maps.Keys(doc)) {
			at, value := path+"."+key, doc[key]
			eachPlace(at, value, done, try)
			if done[at] {
				continue
			}
			done[at] = value != nil
			delete(doc, key)
			try(at, "missing")
			doc[key] = map[string]any{"x": 1}
			try(at, "another type")
			doc[key] = value
		}
	case []any:
		for _, value := range doc {
			eachPlace(path+"[]", value, done, try)
		}
	}
}

// TestSchemaDescribesItself: every property of every object is described and
// required, and no others are allowed.
func TestSchemaDescribesItself(t *testing.T) {
	var walk func(path string, v any)
	walk = func(path string, v any) {
		node, ok := v.(map[string]any)
		if !ok {
			return
		}
		if d, _ := node["description"].(string); d == "" {
			t.Errorf("%s is not described", path)
		}
		properties, _ := node["properties"].(map[string]any)
		if node["type"] == "object" {
			var required []string
			for _, name := range node["required"].([]any) {
				required = append(required, name.(string))
			}
			slices.Sort(required)
			if diff := cmp.Diff(slices.Sorted(maps.Keys(properties)), required); diff != "" {
				t.Errorf("%s: required differs from the properties (- properties, + required)\n%s", path, diff)
			}
			if node["additionalProperties"] != false {
				t.Errorf("%s takes other properties", path)
			}
		}
		for name, child := range properties {
			walk(path+"."+name, child)
		}
		if items, ok := node["items"]; ok {
			walk(path+"[]", items)
		}
	}
	doc := decoded(t, Schema).(map[string]any)
	walk("", doc)
	for name, def := range doc["$defs"].(map[string]any) {
		walk(name, def)
	}
}

// TestComputedJSONIsFixed: the same report always gives the same bytes.
func TestComputedJSONIsFixed(t *testing.T) {
	for _, f := range reporttest.Fixtures {
		rec := f.Build(t)
		first := render(t, ComputedJSON, report.Build(rec))
		for range 3 {
			if again := render(t, ComputedJSON, report.Build(rec)); again != first {
				t.Errorf("%s: differs from one time to the next\n%s", f.Name, cmp.Diff(first, again))
			}
		}
	}
}

// TestComparisonAsNumbers: the rows are those of the text, as numbers.
func TestComparisonAsNumbers(t *testing.T) {
	names := map[string]string{"lossTime": "time with loss", "p50": "p50 latency", "p99": "p99 latency"}
	for _, f := range append(slices.Clone(reporttest.Fixtures), reporttest.Fixture{Name: "crowded", Build: crowded}) {
		r := report.Build(f.Build(t))
		c := comparisonOf(r)
		if compare.Repeated(r.Groups) {
			continue // the text has medians, the numbers are for each run
		}
		if r.Comparison == nil {
			if c != nil {
				t.Errorf("%s: got a comparison; want none", f.Name)
			}
			continue
		}
		got := compare.Comparison{Columns: c.Columns}
		for _, row := range c.Rows {
			if name, ok := names[row.Name]; ok {
				row.Name = name
			}
			if row.Class != nil {
				row.Name = "  " + *row.Class
			}
			cells := make([]string, len(row.Values))
			for i, v := range row.Values {
				switch {
				case v == nil:
					cells[i] = "-"
				case row.Unit == "ns":
					cells[i] = phrase.Duration(*v)
				default:
					cells[i] = phrase.Number(*v)
				}
			}
			if row.Name == "spoiled" && !slices.ContainsFunc(cells, func(c string) bool { return c != "0" }) {
				continue // the text has this row only if some are spoiled
			}
			got.Rows = append(got.Rows, compare.ComparisonRow{Name: row.Name, Cells: cells})
		}
		if diff := cmp.Diff(*r.Comparison, got); diff != "" {
			t.Errorf("%s: differs from the text's (- text, + numbers)\n%s", f.Name, diff)
		}
	}
}

// TestMarksTellTheLosses: each mark has the first and the last loss after it.
func TestMarksTellTheLosses(t *testing.T) {
	at := func(ns int64) record.Mark {
		return record.Mark{Kind: record.MarkNote, Name: fmt.Sprint(ns), Start: ns, End: ns}
	}
	run := reporttest.NewRun(t, append(reporttest.Steady(100, 0, ms, "gw-1"),
		reporttest.Lost(20*ms, 21*ms, "connect.refused", "gw-1", reporttest.RefusedText),
		reporttest.Lost(10*ms, 50*ms, "wait.reset", "gw-1", reporttest.ResetText),
	), reporttest.Edited(func(run *record.Run) {
		run.Marks = []record.Mark{at(-5 * ms), at(20 * ms), at(20*ms + 1), at(50 * ms), at(50*ms + 1)}
	}))
	want := [][2]int64{{25 * ms, 55 * ms}, {0, 30 * ms}, {30*ms - 1, 30*ms - 1}, {0, 0}, {-1, -1}}
	for i, m := range marksOf(run) {
		got := [2]int64{-1, -1}
		if m.FirstLossNs != nil {
			got = [2]int64{*m.FirstLossNs, *m.LastLossNs}
		}
		if got != want[i] {
			t.Errorf("mark at %s: got %v; want %v", m.Name, got, want[i])
		}
	}
}

// TestComputedJSONNulls: unknown values are null; lists without elements are
// empty.
func TestComputedJSONNulls(t *testing.T) {
	i := slices.IndexFunc(reporttest.Fixtures, func(f reporttest.Fixture) bool { return f.Name == "empty" })
	text := render(t, ComputedJSON, report.Build(reporttest.Fixtures[i].Build(t)))
	for _, want := range []string{
		`"recoveryNs": null`, `"smallestOutageNs": null`, `"slowestNs": null`, `"lossRatioBound": null`, `"outside": null`,
		`"event": null`, `"baseline": null`, `"lastStartNs": null`, `"windows": []`, `"comparison": null`, `"outcome": "none"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %s in\n%s", want, text)
		}
	}
	if !bytes.HasSuffix([]byte(text), []byte("}\n")) {
		t.Error("got no line at the end")
	}
}
