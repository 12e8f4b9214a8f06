package format

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/compare"
	"nodrop/report/comparetest"
	"nodrop/report/reporttest"
)

// changes are the comparisons that tests render in every format.
var changes = []struct {
	name  string
	build func(testing.TB) *report.Report
}{
	{"single", func(t testing.TB) *report.Report {
		return comparetest.Compared(t, comparetest.Arm(t, "off", reporttest.Lossy(t, 1000, 53, 0)), comparetest.Arm(t, "on", reporttest.Lossy(t, 1000, 0, 3*ms)))
	}},
	{"repeated", func(t testing.TB) *report.Report {
		return comparetest.Compared(t, comparetest.Arm(t, "off", reporttest.Lossies(t, 0, 0, 0, 0, 0)...), comparetest.Arm(t, "on", reporttest.Lossies(t, 40, 53, 48, 61, 44)...))
	}},
	{"same", func(t testing.TB) *report.Report {
		return comparetest.Compared(t, comparetest.Arm(t, "off", reporttest.Lossies(t, 12, 10, 14, 9)...), comparetest.Arm(t, "on", reporttest.Lossies(t, 11, 13, 9, 12)...))
	}},
	{"few", func(t testing.TB) *report.Report {
		return comparetest.Compared(t, comparetest.Arm(t, "off", reporttest.Lossies(t, 0, 0)...), comparetest.Arm(t, "on", reporttest.Lossies(t, 0, 0)...), "p99 > +10%", "lost > 0")
	}},
	{"unlike", func(t testing.TB) *report.Report {
		other := reporttest.Lossy(t, 1200, 3, 0, reporttest.Edited(func(run *record.Run) {
			run.Settings.URL, run.Settings.Workers, run.Settings.KeepAlive = "http://other/", 20, false
			run.Settings.Timeout, run.Environment.CPUs = -1, 2
		}))
		return comparetest.Compared(t, comparetest.Arm(t, "off", reporttest.Lossy(t, 1000, 1, 0), reporttest.Lossy(t, 1000, 5, 0)), comparetest.Arm(t, "on", other), "lost > +10%", "p50 > 8ms")
	}},
	{"lab", func(t testing.TB) *report.Report {
		r, err := report.Compare([]compare.Saved{{File: "before.json", Recording: reporttest.Recording(reporttest.Abrupt(t), reporttest.Graceful(t))}}, []compare.Saved{{File: "after.json", Recording: reporttest.Recording(reporttest.Abrupt(t), reporttest.Graceful(t))}}, "graceful", nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}},
}

func TestGoldenChange(t *testing.T) {
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			got := render(t, Text, c.build(t))
			path := filepath.Join("testdata", "change", c.name+".text")
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
			if again := render(t, Text, c.build(t)); again != got {
				t.Errorf("built again, it differs\n%s", cmp.Diff(got, again))
			}
			for line := range strings.Lines(got) {
				if bad := badFigure.FindString(strings.TrimSuffix(line, "\n")); bad != "" {
					t.Errorf("got %q in %q; want none", bad, line)
				}
			}
		})
	}
}

// TestStreamsInFormats: each stream has a separate comparison.
func TestStreamsInFormats(t *testing.T) {
	of := func(stream, file string, run *record.Run) []compare.Saved {
		run.Stream = stream
		return []compare.Saved{{File: file, Recording: reporttest.Recording(run)}}
	}
	base := slices.Concat(of("new", "off.json", reporttest.Lossy(t, 1000, 0, 0)), of("kept", "off.json", reporttest.Lossy(t, 1000, 0, 0)))
	next := slices.Concat(of("new", "on.json", reporttest.Lossy(t, 1000, 7, 0)), of("kept", "on.json", reporttest.Lossy(t, 1000, 0, 0)))
	r := comparetest.Compared(t, base, next)
	for format, wants := range map[string][]string{
		"text":     {"Comparison of new, ", "Comparison of kept, "},
		"markdown": {"Comparison of new, ", "Comparison of kept, "},
	} {
		for _, f := range Formats {
			for _, want := range wants {
				if text := render(t, f.Write, r); f.Name == format && !strings.Contains(text, want) {
					t.Errorf("%s: got %q; want %q", format, text, want)
				}
			}
		}
	}
	asked := comparetest.Compared(t, base, next, "lost > 0")
	if tests, failures, faults := ingest(t, render(t, JUnit, asked)); tests != 2 || failures != 1 || faults != 0 {
		t.Errorf("junit: got %d tests, %d failures, %d errors; want 2, 1, 0", tests, failures, faults)
	}
	if err := compileSchema(t).Validate(decoded(t, render(t, ComputedJSON, asked))); err != nil {
		t.Error(err)
	}
}
