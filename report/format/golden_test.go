package format

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/loadgen/stream"
	"nodrop/report"
	"nodrop/report/format/page"
	"nodrop/report/reporttest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func render(t testing.TB, format Format, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := format(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

type golden struct {
	name     string
	write    Format
	fixtures []string
}

// goldens lists the formats and the fixtures with golden files for each; nil is
// all fixtures. Variants of a fixture differ in the text; one or two are enough
// to show how the other formats write them.
var goldens = []golden{
	{"text", Text, nil},
	{"text-120", TextFor(TextOptions{Options: page.Options{Width: 120}}), []string{"lab", "lab-repeated", "mixed"}},
	{"text-colour", TextFor(TextOptions{Options: page.Options{Colour: true}}), []string{"lab-graceful-lost", "mixed", "proof-fixed"}},
	{"json", JSON, []string{"plain", "one", "empty", "refused", "mixed", "lab", "http2"}},
	{"report-json", ComputedJSON, []string{"empty", "mixed", "lab-graceful-lost", "lab-repeated", "search", "proof-fixed", "http2"}},
	{"markdown", Markdown, []string{"plain", "empty", "refused", "mixed", "lab", "lab-graceful-lost", "lab-repeated", "lab-streams", "hostile", "search", "search-drifting", "proof-fixed", "proof-no-change", "http2"}},
	{"junit", JUnit, nil},
}

func hasGolden(fixture, format string) bool {
	i := slices.IndexFunc(goldens, func(g golden) bool { return g.name == format })
	return i >= 0 && (goldens[i].fixtures == nil || slices.Contains(goldens[i].fixtures, fixture))
}

// TestGolden renders fixtures in each format.
func TestGolden(t *testing.T) {
	for _, f := range reporttest.Fixtures {
		for _, format := range goldens {
			if !hasGolden(f.Name, format.name) {
				continue
			}
			t.Run(f.Name+"/"+format.name, func(t *testing.T) {
				got := render(t, format.write, report.Build(f.Build(t)))
				path := filepath.Join("testdata", "golden", f.Name+"."+format.name)
				if *update {
					if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if got == string(want) {
					return
				}
				if format.name == "json" {
					got, want = jsonView(t, []byte(got)), []byte(jsonView(t, want))
				}
				if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
					t.Errorf("%s differs (- want, + got); go test ./report/format -run Golden -update rewrites it\n%s", path, diff)
				}
			})
		}
	}
}

// TestGoldenChangeFormats renders comparisons in the formats other than text.
func TestGoldenChangeFormats(t *testing.T) {
	for _, c := range changes {
		for format, names := range map[string][]string{
			"report-json": {"single", "repeated"},
			"markdown":    {"single", "repeated", "unlike"},
			"junit":       {"single", "repeated", "same", "few", "unlike", "lab"},
			"text-120":    {"repeated"},
		} {
			if !slices.Contains(names, c.name) {
				continue
			}
			t.Run(c.name+"/"+format, func(t *testing.T) {
				i := slices.IndexFunc(goldens, func(g golden) bool { return g.name == format })
				compareGolden(t, filepath.Join("testdata", "change", c.name+"."+format), render(t, goldens[i].write, c.build(t)))
			})
		}
	}
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs (- want, + got); go test ./report/format -run Golden -update rewrites it\n%s", path, diff)
	}
}

// TestGoldenOfEachFormat: every format has a golden file.
func TestGoldenOfEachFormat(t *testing.T) {
	for _, format := range Formats {
		if !slices.ContainsFunc(reporttest.Fixtures, func(f reporttest.Fixture) bool { return hasGolden(f.Name, format.Name) }) {
			t.Errorf("%s: no golden file", format.Name)
		}
	}
}

// TestGoldenNoneLeftOver: a fixture exists for every golden file.
func TestGoldenNoneLeftOver(t *testing.T) {
	known := map[string]bool{}
	for _, f := range reporttest.Fixtures {
		for _, format := range goldens {
			known[f.Name+"."+format.name] = hasGolden(f.Name, format.name)
		}
	}
	files, err := os.ReadDir(filepath.Join("testdata", "golden"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f.Name()] {
			t.Errorf("%s: no fixture and format makes it", f.Name())
		}
	}
}

// jsonView indents a recording and spells out its histograms, because their
// compressed bytes depend on the standard library.
func jsonView(t *testing.T, data []byte) string {
	t.Helper()
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	view, err := json.MarshalIndent(expandHistograms(t, doc), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(view)
}

func expandHistograms(t *testing.T, doc any) any {
	t.Helper()
	switch doc := doc.(type) {
	case []any:
		for i := range doc {
			doc[i] = expandHistograms(t, doc[i])
		}
	case map[string]any:
		for key := range doc {
			doc[key] = expandHistograms(t, doc[key])
		}
		if _, ok := doc["hdr"]; !ok {
			break
		}
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		var l record.Latency
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatal(err)
		}
		var steps []string
		l.Each(func(ns, count int64) { steps = append(steps, fmt.Sprintf("%d × %d ns", count, ns)) })
		doc["hdr"] = steps
	}
	return doc
}

// TestReportOfSavedRecording: a recording that was written and read again gives
// the same report as the run.
func TestReportOfSavedRecording(t *testing.T) {
	for _, f := range reporttest.Fixtures {
		t.Run(f.Name, func(t *testing.T) {
			original := report.Build(f.Build(t))
			saved := render(t, JSON, original)
			rec, err := stream.Read(strings.NewReader(saved))
			if err != nil {
				t.Fatal(err)
			}
			again := report.Build(rec)
			for _, format := range Formats {
				want, got := render(t, format.Write, original), render(t, format.Write, again)
				if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
					t.Errorf("%s of the saved recording differs (- of the run, + of the file)\n%s", format.Name, diff)
				}
			}
			if !hasGolden(f.Name, "json") {
				return
			}
			fromGolden, err := os.ReadFile(filepath.Join("testdata", "golden", f.Name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			rec, err = stream.Read(bytes.NewReader(fromGolden))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := render(t, Text, report.Build(rec)), render(t, Text, original); got != want {
				t.Errorf("text of the golden recording differs (- of the run, + of the file)\n%s", cmp.Diff(want, got))
			}
		})
	}
}

// TestReportIsPure: building twice gives the same bytes and does not change the
// recording.
func TestReportIsPure(t *testing.T) {
	for _, f := range reporttest.Fixtures {
		t.Run(f.Name, func(t *testing.T) {
			rec := f.Build(t)
			before := render(t, JSON, &report.Report{Recording: rec})
			first := render(t, Text, report.Build(rec))
			for range 5 {
				if got := render(t, Text, report.Build(rec)); got != first {
					t.Fatalf("text differs from one build to the next\n%s", cmp.Diff(first, got))
				}
			}
			if after := render(t, JSON, &report.Report{Recording: rec}); after != before {
				t.Errorf("Build changed the recording\n%s", cmp.Diff(before, after))
			}
		})
	}
}

var badFigure = regexp.MustCompile(`NaN|[+-]?Inf\b|[^\d.]-0(\.0*)?[^\d.]|\d[eE][+-]\d|\s$|%!|\x00`)

// TestTextHasNoBadFigures: the text has no NaN, no exponents and the like.
func TestTextHasNoBadFigures(t *testing.T) {
	for _, f := range reporttest.Fixtures {
		t.Run(f.Name, func(t *testing.T) {
			_, ours, _ := strings.Cut(render(t, Text, report.Build(f.Build(t))), "Loss:\n")
			for line := range strings.Lines(ours) {
				if bad := badFigure.FindString(strings.TrimSuffix(line, "\n")); bad != "" {
					t.Errorf("got %q in %q; want none", bad, line)
				}
			}
		})
	}
}

// TestMarksBeforeTheRun: marks from before the load's clock started have
// negative times, which must not become "never".
func TestMarksBeforeTheRun(t *testing.T) {
	ready := record.Mark{Kind: record.MarkReady, Name: "gw-1 ready", Endpoint: "gw-1", Start: -1500 * ms, End: -1500 * ms}
	run := reporttest.NewRun(t, reporttest.Steady(100, 0, ms, "gw-1"), reporttest.Edited(func(run *record.Run) { run.Marks = []record.Mark{ready} }))
	text := render(t, TextFor(TextOptions{Full: true}), report.Build(reporttest.Recording(run)))
	if want := "    -1.500 s   ready: gw-1\n"; !strings.Contains(text, want) {
		t.Errorf("got %q; want %q in it", text, want)
	}
}

// TestNoEndpointReached: requests that reached no endpoint have no times.
func TestNoEndpointReached(t *testing.T) {
	list := append(reporttest.Steady(10, 0, ms, "gw-1"),
		reporttest.Request{Start: ms, End: 2 * ms, Fate: record.FateSpoiled, Class: "client.files", Sample: "too many open files"})
	text := render(t, Text, report.Build(reporttest.Recording(reporttest.NewRun(t, list))))
	found := false
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "(none reached)") {
			continue
		}
		found = true
		if strings.Count(line, "never") != 2 {
			t.Errorf("got %q; want never connected, and no response ever", line)
		}
	}
	if !found {
		t.Errorf("got %s; want a line for requests that reached no endpoint", text)
	}
}

// TestLongLists: lists of endpoints and windows are limited, and say how many
// entries are missing.
func TestLongLists(t *testing.T) {
	var list []reporttest.Request
	for i := range int64(30) {
		list = append(list, reporttest.Lost(i*1000*ms, i*1000*ms+ms, "connect.refused", fmt.Sprintf("gw-%d", i), reporttest.RefusedText))
		list = append(list, reporttest.Steady(1000, i*1000*ms, ms, "gw-0")...)
	}
	r := report.Build(reporttest.Recording(reporttest.NewRun(t, list)))
	if got := len(r.Runs[0].Loss.Windows); got != 30 {
		t.Errorf("got %d windows; want 30", got)
	}
	text := render(t, Text, r)
	if got := strings.Count(text, "and 10 more"); got != 2 {
		t.Errorf("got %d lists cut short; want 2 in\n%s", got, text)
	}
}

// TestTextWriteError: every format returns the writer's error.
func TestTextWriteError(t *testing.T) {
	r := report.Build(reporttest.Fixtures[0].Build(t))
	for _, format := range Formats {
		if err := format.Write(failingWriter{}, r); err == nil {
			t.Errorf("%s: got no error; want the writer's", format.Name)
		}
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }
