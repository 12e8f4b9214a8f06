package report

import (
	"encoding/xml"
	"slices"
	"strings"
	"testing"

	"github.com/joshdk/go-junit"

	"nodrop/loadgen/record"
)

// judged are recordings that a verdict is found on, beside the fixtures.
var judged = []fixture{
	{"unfinished", func(t testing.TB) *record.Recording {
		rec := recording(abrupt(t))
		rec.Error = "graceful: cannot start gw-3: too many open files"
		return rec
	}},
	{"unfinished without a run", func(testing.TB) *record.Recording {
		rec := recording()
		rec.Error = "nothing began"
		return rec
	}},
	{"nothing", func(testing.TB) *record.Recording { return recording() }},
	{"required and expected, neither met", func(t testing.TB) *record.Recording {
		run := abrupt(t)
		run.Require, run.Expect = []string{"lost == 0"}, []string{"lost == 0", "ok > 0"}
		return recording(run)
	}},
	{"failed beside one that cannot be trusted", func(t testing.TB) *record.Recording {
		failed, spoiled := abrupt(t), spoil(t, graceful(t), 3)
		failed.Require, failed.Expect = nil, []string{"lost == 0"}
		return recording(failed, spoiled)
	}},
	{"a check that cannot be read", func(t testing.TB) *record.Recording {
		run := abrupt(t)
		run.Expect = []string{"speed > 9"}
		return recording(run)
	}},
	{"without checks, contradicting itself", func(t testing.TB) *record.Recording {
		run := newRun(t, steady(10, 0, ms, "gw-1"))
		run.Counts.OK--
		return recording(run)
	}},
	{"without checks, its event outside", func(t testing.TB) *record.Recording {
		run := newRun(t, steady(10, 0, ms, "gw-1"), variant("other", gracefulMarks(1900*ms)))
		return recording(run)
	}},
	{"a plain load that failed", func(t testing.TB) *record.Recording {
		return recording(newRun(t, append(steady(10, 0, ms, "gw-1"), lost(5*ms, 6*ms, "connect.refused", "gw-1", refusedText)), failIf("lost > 0", "ok < 1", "tls.p99 > 1s")))
	}},
	{"two of one name", func(t testing.TB) *record.Recording { return recording(abrupt(t), abrupt(t)) }},
}

// TestJUnitTellsTheVerdict: no file is green for a verdict that is not pass, and
// none is red for one that is.
func TestJUnitTellsTheVerdict(t *testing.T) {
	outcomes := map[Outcome]bool{}
	type report struct {
		name  string
		build func(testing.TB) *Report
	}
	var reports []report
	for _, f := range slices.Concat(fixtures, judged) {
		reports = append(reports, report{f.name, func(t testing.TB) *Report { t.Helper(); return Build(f.build(t)) }})
	}
	for _, c := range changes {
		reports = append(reports, report{"change " + c.name, c.build})
	}
	reports = append(reports, report{"a change of what cannot be trusted", func(t testing.TB) *Report {
		t.Helper()
		return compared(t, arm(t, "off", lossy(t, 1000, 5, 0)), arm(t, "on", spoil(t, lossy(t, 1000, 0, 0), 2)), "lost > 0", "p50 > 1us")
	}})
	for _, f := range reports {
		t.Run(f.name, func(t *testing.T) {
			r := f.build(t)
			outcomes[r.Verdict.Outcome] = true
			tests, failures, errors := ingest(t, render(t, JUnit, r))
			switch r.Verdict.Outcome {
			case Pass, None:
				if failures+errors > 0 {
					t.Errorf("%d failures, %d errors; the verdict is %q", failures, errors, r.Verdict.Outcome)
				}
				if tests == 0 && (len(r.Runs) > 0 || len(r.Compared) > 0) {
					t.Error("no test at all")
				}
			case Fail:
				if failures == 0 {
					t.Errorf("no failure, %d errors; the verdict is fail", errors)
				}
			case Inconclusive:
				if failures > 0 || errors == 0 {
					t.Errorf("%d failures, %d errors; the verdict is inconclusive", failures, errors)
				}
			}
		})
	}
	if len(outcomes) != 4 {
		t.Errorf("got verdicts %v; want each of the four", outcomes)
	}
}

// ingest reads a file as a consumer does, and holds its sums against its cases.
func ingest(t *testing.T, text string) (tests, failures, errors int) {
	t.Helper()
	suites, err := junit.Ingest([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var sums struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
	}
	if err := xml.Unmarshal([]byte(text), &sums); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, s := range suites {
		if names[s.Name] {
			t.Errorf("two suites are named %q", s.Name)
		}
		names[s.Name] = true
		for _, c := range s.Tests {
			tests++
			switch c.Status {
			case junit.StatusFailed:
				failures++
			case junit.StatusError:
				errors++
			default:
			}
			if c.Error != nil && strings.TrimSpace(c.Error.Error()) == "" {
				t.Errorf("%s %s: nothing is said of what stands against it", s.Name, c.Name)
			}
		}
	}
	if sums.Tests != tests || sums.Failures != failures || sums.Errors != errors {
		t.Errorf("%d tests, %d failures, %d errors; the sums are %+v", tests, failures, errors, sums)
	}
	return tests, failures, errors
}

// TestJUnitSaysWhy: reasons in the message; the first finding below.
func TestJUnitSaysWhy(t *testing.T) {
	i := slices.IndexFunc(fixtures, func(f fixture) bool { return f.name == "lab-graceful-lost" })
	suites, err := junit.Ingest([]byte(render(t, JUnit, Build(fixtures[i].build(t)))))
	if err != nil {
		t.Fatal(err)
	}
	c := suites[1].Tests[0]
	if want := "expected lost == 0: lost 3"; c.Message != want {
		t.Errorf("got message %q; want %q", c.Message, want)
	}
	if want := "\n> nodrop lab: --stop graceful --grace 45ms or more\n"; !strings.Contains(c.Error.Error(), want) {
		t.Errorf("got %q; want %q in it", c.Error, want)
	}
	if suites[1].Totals.Duration.Milliseconds() != 1263 {
		t.Errorf("got %v; want the 1.263 s of the run", suites[1].Totals.Duration)
	}
}

// TestVerdictHasACase even when none of a run tells it.
func TestVerdictHasACase(t *testing.T) {
	for _, outcome := range []Outcome{Fail, Inconclusive} {
		r := Build(recording(graceful(t)))
		r.Verdict = Verdict{Outcome: outcome, Reasons: []string{"NEW lost more"}}
		_, failures, errors := ingest(t, render(t, JUnit, r))
		if failures+errors != 1 || (failures == 1) != (outcome == Fail) {
			t.Errorf("%s: got %d failures, %d errors", outcome, failures, errors)
		}
	}
}
