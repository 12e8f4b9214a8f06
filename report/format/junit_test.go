package format

import (
	"encoding/xml"
	"slices"
	"strings"
	"testing"

	"github.com/joshdk/go-junit"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/check"
	"nodrop/report/comparetest"
	"nodrop/report/reporttest"
)

// judged are recordings with verdicts that the fixtures lack.
var judged = []reporttest.Fixture{
	{Name: "unfinished", Build: func(t testing.TB) *record.Recording {
		rec := reporttest.Recording(reporttest.Abrupt(t))
		rec.Error = "graceful: cannot start gw-3: too many open files"
		return rec
	}},
	{Name: "unfinished without a run", Build: func(testing.TB) *record.Recording {
		rec := reporttest.Recording()
		rec.Error = "nothing began"
		return rec
	}},
	{Name: "nothing", Build: func(testing.TB) *record.Recording { return reporttest.Recording() }},
	{Name: "required and expected, neither met", Build: func(t testing.TB) *record.Recording {
		run := reporttest.Abrupt(t)
		run.Require, run.Expect = []string{"lost == 0"}, []string{"lost == 0", "ok > 0"}
		return reporttest.Recording(run)
	}},
	{Name: "failed beside one that cannot be trusted", Build: func(t testing.TB) *record.Recording {
		failed, spoiled := reporttest.Abrupt(t), reporttest.Spoil(t, reporttest.Graceful(t), 3)
		failed.Require, failed.Expect = nil, []string{"lost == 0"}
		return reporttest.Recording(failed, spoiled)
	}},
	{Name: "a check that cannot be read", Build: func(t testing.TB) *record.Recording {
		run := reporttest.Abrupt(t)
		run.Expect = []string{"speed > 9"}
		return reporttest.Recording(run)
	}},
	{Name: "without checks, contradicting itself", Build: func(t testing.TB) *record.Recording {
		run := reporttest.NewRun(t, reporttest.Steady(10, 0, ms, "gw-1"))
		run.Counts.OK--
		return reporttest.Recording(run)
	}},
	{Name: "without checks, its event outside", Build: func(t testing.TB) *record.Recording {
		run := reporttest.NewRun(t, reporttest.Steady(10, 0, ms, "gw-1"), reporttest.Variant("other", reporttest.GracefulMarks(1900*ms)))
		return reporttest.Recording(run)
	}},
	{Name: "a plain load that failed", Build: func(t testing.TB) *record.Recording {
		return reporttest.Recording(reporttest.NewRun(t, append(reporttest.Steady(10, 0, ms, "gw-1"), reporttest.Lost(5*ms, 6*ms, "connect.refused", "gw-1", reporttest.RefusedText)), reporttest.FailIf("lost > 0", "ok < 1", "tls.p99 > 1s")))
	}},
	{Name: "passed, and bodies were shorter", Build: func(t testing.TB) *record.Recording {
		list := reporttest.Steady(400, 0, ms, "gw-1")
		for i := range list {
			list[i].Unsized = true
			if 200 <= i && i < 220 {
				list[i].Bytes = 50
			}
		}
		return reporttest.Recording(reporttest.NewRun(t, list, reporttest.FailIf("lost > 0"), reporttest.Edited(func(run *record.Run) {
			run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 180 * ms, End: 250 * ms}}
		})))
	}},
	{Name: "two of one name", Build: func(t testing.TB) *record.Recording {
		return reporttest.Recording(reporttest.Abrupt(t), reporttest.Abrupt(t))
	}},
}

// TestJUnitTellsTheVerdict: a file has neither failures nor errors if, and only
// if, the verdict is pass or none.
func TestJUnitTellsTheVerdict(t *testing.T) {
	outcomes := map[check.Outcome]bool{}
	type made struct {
		name  string
		build func(testing.TB) *report.Report
	}
	var reports []made
	for _, f := range slices.Concat(reporttest.Fixtures, judged) {
		reports = append(reports, made{f.Name, func(t testing.TB) *report.Report { t.Helper(); return report.Build(f.Build(t)) }})
	}
	for _, c := range changes {
		reports = append(reports, made{"change " + c.name, c.build})
	}
	reports = append(reports, made{"a change of what cannot be trusted", func(t testing.TB) *report.Report {
		t.Helper()
		return comparetest.Compared(t, comparetest.Arm(t, "off", reporttest.Lossy(t, 1000, 5, 0)), comparetest.Arm(t, "on", reporttest.Spoil(t, reporttest.Lossy(t, 1000, 0, 0), 2)), "lost > 0", "p50 > 1us")
	}})
	for _, f := range reports {
		t.Run(f.name, func(t *testing.T) {
			r := f.build(t)
			outcomes[r.Verdict.Outcome] = true
			tests, failures, errors := ingest(t, render(t, JUnit, r))
			switch r.Verdict.Outcome {
			case check.Pass, check.None:
				if failures+errors > 0 {
					t.Errorf("%d failures, %d errors; the verdict is %q", failures, errors, r.Verdict.Outcome)
				}
				if tests == 0 && (len(r.Runs) > 0 || len(r.Compared) > 0) {
					t.Error("no test at all")
				}
			case check.Fail:
				if failures == 0 {
					t.Errorf("no failure, %d errors; the verdict is fail", errors)
				}
			case check.Inconclusive:
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

// ingest reads a file as a consumer does, and compares its sums with its cases.
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
				t.Errorf("%s %s: the case gives no reason", s.Name, c.Name)
			}
		}
	}
	if sums.Tests != tests || sums.Failures != failures || sums.Errors != errors {
		t.Errorf("%d tests, %d failures, %d errors; the sums are %+v", tests, failures, errors, sums)
	}
	return tests, failures, errors
}

// TestJUnitSaysWhy: the message holds the reasons, the body the first finding.
func TestJUnitSaysWhy(t *testing.T) {
	i := slices.IndexFunc(reporttest.Fixtures, func(f reporttest.Fixture) bool { return f.Name == "lab-graceful-lost" })
	suites, err := junit.Ingest([]byte(render(t, JUnit, report.Build(reporttest.Fixtures[i].Build(t)))))
	if err != nil {
		t.Fatal(err)
	}
	c := suites[1].Tests[0]
	if want := "expected lost == 0: lost 3"; c.Message != want {
		t.Errorf("got message %q; want %q", c.Message, want)
	}
	if want := "\n> nodrop lab --stop graceful --grace 45ms or more\n"; !strings.Contains(c.Error.Error(), want) {
		t.Errorf("got %q; want %q in it", c.Error, want)
	}
	if suites[1].Totals.Duration.Milliseconds() != 1263 {
		t.Errorf("got %v; want the 1.263 s of the run", suites[1].Totals.Duration)
	}
}

// TestVerdictHasACase: the verdict has a case even if no run has one for it.
func TestVerdictHasACase(t *testing.T) {
	for _, outcome := range []check.Outcome{check.Fail, check.Inconclusive} {
		r := report.Build(reporttest.Recording(reporttest.Graceful(t)))
		r.Verdict = report.Verdict{Outcome: outcome, Reasons: []string{"NEW lost more"}}
		_, failures, errors := ingest(t, render(t, JUnit, r))
		if failures+errors != 1 || (failures == 1) != (outcome == check.Fail) {
			t.Errorf("%s: got %d failures, %d errors", outcome, failures, errors)
		}
	}
}
