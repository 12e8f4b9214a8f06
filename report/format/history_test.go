package format

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/comparetest"
	"nodrop/report/format/past"
	"nodrop/report/history"
	"nodrop/report/reporttest"
)

// histories are what tests render in every format.
var histories = []struct {
	name  string
	build func(testing.TB) *report.Report
}{
	{"judged", func(t testing.TB) *report.Report {
		past := comparetest.Nights(t, reporttest.Lossies(t, 0, 2, 1, 0, 3, 12, 0, 4, 1, 5, 6, 4)...)
		return comparetest.InHistory(t, past, comparetest.Tonight(t, reporttest.Lossy(t, 1000, 31, 0)), "lost > p99(history)", "p99 > 250ms", "loss > p50(history)")
	}},
	{"passed", func(t testing.TB) *report.Report {
		past := comparetest.Nights(t, reporttest.Lossies(t, 0, 2, 1, 0, 3, 12, 0, 4, 1, 5, 6, 4)...)
		return comparetest.InHistory(t, past, comparetest.Tonight(t, reporttest.Lossy(t, 1000, 6, 0)), "lost > p90(history)")
	}},
	{"few", func(t testing.TB) *report.Report {
		return comparetest.InHistory(t, comparetest.Nights(t, reporttest.Lossies(t, 1, 2)...), comparetest.Tonight(t, reporttest.Lossy(t, 1000, 2, 0)), "lost > p99(history)")
	}},
	{"first", func(t testing.TB) *report.Report {
		return comparetest.InHistory(t, nil, comparetest.Tonight(t, reporttest.Lossy(t, 1000, 2, 0)))
	}},
	{"listed", func(t testing.TB) *report.Report {
		return comparetest.InHistory(t, comparetest.Nights(t, reporttest.Lossies(t, 1, 2, 3, 4, 15, 16, 17, 18)...), nil)
	}},
	{"unlike", func(t testing.TB) *report.Report {
		runs := reporttest.Lossies(t, 1, 0, 2, 0, 0)
		reporttest.Spoil(t, runs[0], 2)
		runs[1].Settings.Requests, runs[2].Settings.Requests = 400, 400
		runs[4].Environment.Version = "next"
		q := history.Request{Directory: "runs", Recordings: comparetest.Nights(t, runs...), Judged: true, Left: []history.Left{
			{File: "package.json", Reason: "not a nodrop recording", Why: history.Unreadable},
			{File: "x.json.gz", Reason: "compressed with gzip: unpack it first", Why: history.Unreadable},
		}}
		r, err := report.InHistory(q, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}},
	{"loads", func(t testing.TB) *report.Report {
		night := func(day int, kept, fresh []int) *history.Recording {
			var runs []*record.Run
			for stream, lost := range map[string][]int{"kept": kept, "fresh": fresh} {
				for i, run := range reporttest.Lossies(t, lost...) {
					run.Variant, run.Stream, run.Repetition = "graceful", stream, i+1
					runs = append(runs, run)
				}
			}
			slices.SortFunc(runs, func(a, b *record.Run) int { return strings.Compare(a.Stream, b.Stream) })
			return comparetest.Night(t, day, runs...)
		}
		var past []*history.Recording
		for i := range 9 {
			past = append(past, night(i+1, []int{0, 0}, []int{i, i + 4}))
		}
		return comparetest.InHistory(t, past, night(10, []int{0, 0}, []int{12, 14}), "lost > p90(history)")
	}},
	{"hostile", func(t testing.TB) *report.Report {
		past := comparetest.Nights(t, reporttest.Lossies(t, 1, 2)...)
		past[0].File = "\x1b[31m<b>`|@all" + strings.Repeat("long", 40) + ".json"
		q := history.Request{Directory: "\x1b]0;x\a|<i>", Recordings: past, Left: []history.Left{{File: "a\nb.json", Reason: "\x1b[2J", Why: history.Unreadable}}}
		r, err := report.InHistory(q, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}},
}

func TestGoldenHistory(t *testing.T) {
	for _, h := range histories {
		for _, format := range []string{"text", "markdown", "junit", "report-json"} {
			t.Run(h.name+"/"+format, func(t *testing.T) {
				i := slices.IndexFunc(goldens, func(g golden) bool { return g.name == format })
				got := render(t, goldens[i].write, h.build(t))
				if format == "report-json" {
					if err := compileSchema(t).Validate(decoded(t, got)); err != nil {
						t.Error(err)
					}
					noSentinels(t, "", decoded(t, got))
					if h.name != "judged" && h.name != "unlike" {
						return
					}
				}
				compareGolden(t, filepath.Join("testdata", "history", h.name+"."+format), got)
				for line := range strings.Lines(got) {
					if bad := badFigure.FindString(strings.TrimSuffix(line, "\n")); bad != "" && format == "text" {
						t.Errorf("got %q in %q; want none", bad, line)
					}
				}
			})
		}
	}
}

// TestSchemaRejectsHistory: the schema rejects a history that differs in any one
// place from what is written.
func TestSchemaRejectsHistory(t *testing.T) {
	schema := compileSchema(t)
	covered := map[string]bool{}
	for _, h := range histories {
		doc := shortLists(decoded(t, render(t, ComputedJSON, h.build(t))))
		eachPlace("", doc, covered, func(path, what string) {
			if schema.Validate(doc) == nil {
				t.Errorf("%s: accepted with %s: %s", h.name, path, what)
			}
		})
	}
	for _, want := range []string{".history.loads[].recordings[].runs[].p99Ns", ".history.loads[].new.file", ".history.loads[].checks[].limit.max", ".history.loads[].trend.lossyRunsBound", ".history.loads[].trend.p", ".history.leftOut[].why"} {
		if !covered[want] {
			t.Errorf("%s is in none of the documents", want)
		}
	}
}

// TestHistoryInJUnit: CI counts what was judged, and a list fails nothing.
func TestHistoryInJUnit(t *testing.T) {
	for _, h := range histories {
		want, known := map[string][3]int{"judged": {3, 2, 0}, "passed": {1, 0, 0}, "few": {1, 0, 1}, "first": {1, 0, 1}, "listed": {1, 0, 0}, "loads": {2, 1, 0}}[h.name]
		if tests, failures, faults := ingest(t, render(t, JUnit, h.build(t))); known && [3]int{tests, failures, faults} != want {
			t.Errorf("%s: got %d tests, %d failures, %d errors; want %v", h.name, tests, failures, faults, want)
		}
	}
}

// TestLeftOut: files are named once for each reason, as far as there is room.
func TestLeftOut(t *testing.T) {
	h := &history.History{}
	for i := range 14 {
		h.Left = append(h.Left, history.Left{File: fmt.Sprintf("%d.json", i), Reason: fmt.Sprintf("number of requests (-n) %d, not 9", max(i, 3)), Why: history.Other})
	}
	got := past.Left(h)
	want := "0.json, 1.json, 2.json and 1 more: another scenario: number of requests (-n) 3, not 9"
	if last := got[len(got)-1]; len(got) != 11 || got[0] != want || last != "1 more file: -o report-json has all" {
		t.Errorf("got %q", got)
	}
}

// TestHistoryInMarkdown: the newest recordings of many are in the table.
func TestHistoryInMarkdown(t *testing.T) {
	var runs []*record.Run
	for range 60 {
		runs = append(runs, reporttest.Lossy(t, 20, 1, 0))
	}
	text := render(t, Markdown, comparetest.InHistory(t, comparetest.Nights(t, runs...), nil))
	if strings.Contains(text, "night-10.json") || !strings.Contains(text, "night-11.json") || !strings.Contains(text, "| 10 older ones |") {
		t.Errorf("got\n%s", text)
	}
}
