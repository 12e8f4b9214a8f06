package format

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/brief"
	"nodrop/report/comparetest"
	"nodrop/report/diagnosis"
	"nodrop/report/format/head"
	"nodrop/report/format/page"
	"nodrop/report/reporttest"
)

// fixture builds the report of a fixture.
func fixture(t *testing.T, name string) *report.Report {
	t.Helper()
	i := slices.IndexFunc(reporttest.Fixtures, func(f reporttest.Fixture) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("no fixture %s", name)
	}
	return report.Build(reporttest.Fixtures[i].Build(t))
}

// unwrapped renders a report with as much room as its lines need.
func unwrapped(t *testing.T, r *report.Report, full bool) string {
	t.Helper()
	return render(t, TextFor(TextOptions{Options: page.Options{Width: 10_000}, Full: full}), r)
}

// TestOrderOfSections: the answer comes before the details, and in them what hey
// says before what nodrop adds.
func TestOrderOfSections(t *testing.T) {
	for name, tt := range map[string]struct {
		r     *report.Report
		order []string
	}{
		"lab": {fixture(t, "lab"), []string{
			"Verdict: pass: abrupt lost 253 of 4,679 requests (5.4 %) within 52.0 ms; graceful lost none of 4,650.\n",
			" sent ", "\n  abrupt ", "\n  graceful ", "\nWhy:\n  abrupt, 244 of 253: ", "\n  abrupt, 9 of 253: ", "\nWhat to change:\n  > ",
			"\nWhen:\n  abrupt ", " the event begins: ", " first loss, ", " last loss, ", "\nLoad: ", "\nLost none: graceful: a loss of up to 0.064 % ", "\nChecks:\n",
			"\nabrupt\n======\n", "\nStatus code distribution:\n", "\nError distribution:\n", "\nLoss:\n  planned 4679 = started 4679 + unsent 0\n",
			"\n  By class:\n", "\n  Findings:\n", "\n  By endpoint:\n", "\n  Windows ", "\n  Marks:\n", "\n  Notes:\n", "\ngraceful\n========\n",
			"\nStatus code distribution:\n", "\nLoss:\n", "\n  Not shown: ", "\npass: abrupt lost 253 of ", "\nWhy: ", "\nWhat to change: ", "\nThe rest of the answer is at the top of this report.\n",
		}},
		"failed":       {fixture(t, "lab-graceful-lost"), []string{"Verdict: fail: ", "\n  - graceful: expected lost == 0: lost 3\n", " sent ", "\nWhy:\n"}},
		"inconclusive": {fixture(t, "lab-outlived"), []string{"Verdict: inconclusive: ", "\n  - graceful: the load ended ", "\n  hint: use --settle 1s ", " sent "}},
		"compared": {comparetest.Compared(t, comparetest.Arm(t, "off", reporttest.Lossy(t, 1000, 53, 0)), comparetest.Arm(t, "on", reporttest.Lossy(t, 1000, 0, 0))), []string{
			"Verdict: pass: base lost 53 of 1,000 requests (5.3 %) within ", " sent ", "\n  base ", "\n  new ", "\nWhy:\n  base, 53 of 53: ", "\nWhen:\n",
			"\nLoad: ", "\nComparison, single run, descriptive:\n", "\nNot fully comparable:\n", "\nNotes:\n", " change\n", "\npass: base lost ",
		}},
		"a plain load": {fixture(t, "mixed"), []string{
			"\nSummary:\n", "\nStatus code distribution:\n", "\nError distribution:\n", "\nLoss:\n", "\n  Findings:\n", "\n  Notes:\n", "\nWhat else to change:\n",
			"\nlost 10 of 418 requests ",
		}},
	} {
		rest := unwrapped(t, tt.r, false)
		for _, part := range tt.order {
			_, after, found := strings.Cut(rest, part)
			if !found {
				t.Errorf("%s: no %q after what comes before it, in\n%s", name, part, rest)
				break
			}
			rest = part[len(part)-1:] + after
		}
	}
}

// TestAnsweredOnOneScreen: whoever sees only the last screen of a report, of 24
// lines of 80 columns, sees what was lost, why, and what to change.
func TestAnsweredOnOneScreen(t *testing.T) {
	for _, f := range reporttest.Fixtures {
		r := report.Build(f.Build(t))
		b := brief.Of(r)
		if len(b.Causes) == 0 || len(b.Advice.Remedies) == 0 || isFixed(r) {
			continue
		}
		lines := strings.Split(strings.TrimRight(render(t, Text, r), "\n"), "\n")
		screen := "\n" + strings.Join(lines[max(0, len(lines)-23):], "\n") // and the prompt
		parts := []string{"\nWhy: ", "\nWhat to change: ", "lost "}
		if r.Search != nil { // its answer is a value
			parts = []string{r.Search.Range.Words(r.Search.Value), "\nWhy not ", "lost "}
		}
		for _, part := range parts {
			if !strings.Contains(screen, part) {
				t.Errorf("%s: the last screen has no %q:%s", f.Name, part, screen)
			}
		}
	}
}

// isFixed reports a proof after which nothing is left to change.
func isFixed(r *report.Report) bool { return r.Proof != nil && r.Proof.Outcome == record.Fixed }

// TestManyCauses: the answer names some causes where the details have all, and
// all where nothing follows.
func TestManyCauses(t *testing.T) {
	compared := comparetest.Compared(t, comparetest.Arm(t, "off", reporttest.Lossy(t, 1000, 53, 0)), comparetest.Arm(t, "on", reporttest.Lossy(t, 1000, 0, 0)))
	for name, tt := range map[string]struct {
		r     *report.Report
		named int
	}{"a lab": {fixture(t, "lab"), 5}, "a comparison": {compared, 7}} {
		b := brief.Of(tt.r)
		b.Causes = nil
		for i := range int64(7) {
			b.Causes = append(b.Causes, brief.Cause{Arm: b.Arms[0].Name, Title: "a cause", Confidence: diagnosis.Likely, Least: 7 - i, Most: 7 - i, Of: 28, Runs: 1, OfAll: 1})
		}
		var text strings.Builder
		out := page.New(&text, page.Options{})
		head.Write(out, tt.r, b)
		if err := out.Flush(); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(text.String(), ": a cause (likely)\n"); n != tt.named || strings.Contains(text.String(), " 2 more causes below\n") != (n < 7) {
			t.Errorf("%s: %d causes; want %d, and how many are below:\n%s", name, n, tt.named, &text)
		}
	}
}

// TestLastLines: a plain load ends with the verdict, the cause and the change.
func TestLastLines(t *testing.T) {
	quiet := reporttest.NewRun(t, reporttest.Steady(400, 0, ms, "gw-1"), reporttest.Edited(func(run *record.Run) {
		run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 100 * ms, End: 200 * ms}}
		run.FailIf = []string{"lost > 0"}
	}))
	refused := func() *record.Run {
		return reporttest.NewRun(t, []reporttest.Request{reporttest.Lost(0, ms, "connect.refused", "gw-1", reporttest.RefusedText)})
	}
	for name, tt := range map[string]struct {
		r    *report.Report
		want []string // the last lines
	}{
		"all refused": {fixture(t, "refused"), []string{
			"exit 0: no check was given; --fail-if 'lost > 0' fails a run with losses",
			"lost 50 of 50 requests (100 %) within 10.0 ms from 0.000 s on: 50 × connect.refused",
			"Why: every connection was refused: nothing is listening at that address (50 of 50; likely)",
			"What to change: check the URL's host and port, and that the service is running",
		}},
		"some lost": {fixture(t, "mixed"), []string{
			"lost 10 of 418 requests (2.4 %) within 333.0 ms from 0.202 s on: 6 × status.503, 4 × body.eof; 3 failed because of this machine; 5 in flight when it was stopped; 582 never sent; interrupted after 830.0 ms",
			"Why: 6 responses had status 503, over 25.0 ms (6 of 10; cannot tell); 1 more cause above",
			"What to change: check the log of whatever sent these responses: the gateway, or the server behind it",
		}},
		"judged": {fixture(t, "kube"), []string{
			"Verdict: inconclusive: lost 15 of 3,015 requests (0.50 %) within 1.496 s from 0.606 s on: 12 × connect.refused, 3 × wait.eof.",
			"Why: connections were refused until 50.1 ms after termination began: load balancers still sent them to endpoints that the control plane had removed (12 of 15; cannot tell); 1 more cause above",
			"What to change: keep accepting connections for 80ms after termination begins, then close the listener",
		}},
		"nothing lost":              {fixture(t, "plain"), []string{"", "lost none of 400 requests"}},
		"nothing lost in the event": {report.Build(reporttest.Recording(quiet)), []string{"  - fails if lost > 0: lost 0", "", "Verdict: pass: lost none of 400 requests: a loss of up to 0.75 % could have gone unnoticed, or an outage shorter than 3.1 ms (95 % confidence)."}},
		"loads side by side": {report.Build(reporttest.Recording(refused(), reporttest.NewRun(t, reporttest.Steady(99, 0, ms, "gw-1")), refused())), []string{
			"lost 2 of 101 requests (2.0 %) over all 3 loads",
			"Why: every connection was refused: nothing is listening at that address (1 of 1; likely); 1 more cause above",
			"What to change: check the URL's host and port, and that the service is running",
		}},
		"one of them was stopped": {report.Build(reporttest.Recording(refused(), fixture(t, "mixed").Runs[0].Run)), []string{
			"lost 11 of 419 requests (2.6 %) over all 2 loads; 3 failed because of this machine; 5 in flight when it was stopped; 582 never sent; interrupted after 830.0 ms",
			"Why: 6 responses had status 503, over 25.0 ms (6 of 10; cannot tell); 2 more causes above",
			"What to change: check the log of whatever sent these responses: the gateway, or the server behind it",
		}},
	} {
		lines := strings.Split(strings.TrimSuffix(unwrapped(t, tt.r, false), "\n"), "\n")
		got := lines[max(0, len(lines)-len(tt.want)):]
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

// TestLoadOfOne: a load may have one request.
func TestLoadOfOne(t *testing.T) {
	one := reporttest.NewRun(t, reporttest.Steady(1, 0, ms, "gw-1"), reporttest.Edited(func(run *record.Run) { run.Variant = "v" }))
	if text := unwrapped(t, report.Build(reporttest.Recording(one)), false); !strings.Contains(text, "\nLoad: 1 request, GET ") {
		t.Errorf("the load is not of 1 request in\n%s", text)
	}
}

// TestLossesInThousands: lost requests are written as the others beside them,
// except where scripts read them.
func TestLossesInThousands(t *testing.T) {
	list := reporttest.Steady(4000, 0, ms, "gw-1", "gw-2")
	for i := range int64(1234) {
		list = append(list, reporttest.Lost(1000*ms+i*ms, 1001*ms+i*ms, "connect.refused", "gw-1", reporttest.RefusedText))
	}
	text := unwrapped(t, report.Build(reporttest.Recording(reporttest.NewRun(t, list))), false)
	for _, want := range []string{" + lost 1234 + ", ": 1,234 lost, ", "    gw-1       2,000   1,234   "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestRemediesOnce: whatever the layout, each remedy is there once; the last lines
// repeat one of them, where the list is far above.
func TestRemediesOnce(t *testing.T) {
	for _, f := range reporttest.Fixtures {
		if f.Name == "hostile" {
			continue // its remedies repeat texts of errors
		}
		if f.Name == "search" {
			continue // the value found is what to change
		}
		r := report.Build(f.Build(t))
		if isFixed(r) {
			continue
		}
		text := unwrapped(t, r, true)
		for _, one := range r.Advice().Remedies {
			bullet, last := "  > "+one.String()+"\n", "\nWhat to change: "+one.String()+"\n"
			n := strings.Count(text, bullet) + strings.Count(text, last)
			if strings.Contains(text, last+"The rest of the answer is at the top") {
				n--
			}
			if n != 1 {
				t.Errorf("%s: %q is there %d times", f.Name, one, n)
			}
		}
	}
}

// TestFolding: where nothing was lost, endpoints and marks are left out, and a
// line says so; with Full, nothing is.
func TestFolding(t *testing.T) {
	r := fixture(t, "lab")
	short, full := unwrapped(t, r, false), unwrapped(t, r, true)
	before, graceful, found := strings.Cut(short, "\ngraceful\n========\n")
	if !found {
		t.Fatalf("no details of graceful in\n%s", short)
	}
	for _, part := range []string{"By endpoint:", "Marks:", "Windows "} {
		if strings.Contains(graceful, part) {
			t.Errorf("%q of a run that lost nothing in\n%s", part, graceful)
		}
		if !strings.Contains(before, part) {
			t.Errorf("no %q of a run that lost some in\n%s", part, before)
		}
	}
	const told = "\n  Not shown: 10 endpoints without losses, 6 marks; --full shows all, now or with nodrop report FILE\n"
	if !strings.Contains(graceful, told) {
		t.Errorf("no %q in\n%s", told, graceful)
	}
	if strings.Contains(full, "Not shown") || strings.Contains(full, "and 1 more") {
		t.Errorf("the full text leaves something out:\n%s", full)
	}
	_, graceful, _ = strings.Cut(full, "\ngraceful\n========\n")
	for _, part := range []string{"\n    gw-1 ", "\n    gw-10 ", "terminating: gw-2 … gw-10 (9)", "0 lost of 4,650, but ", "\nComparison:\n"} {
		if !strings.Contains(graceful, part) {
			t.Errorf("no %q in the full\n%s", part, graceful)
		}
	}
	var list []reporttest.Request
	for i := range int64(30) {
		list = append(list, reporttest.Lost(i*1000*ms, i*1000*ms+ms, "connect.refused", fmt.Sprintf("gw-%d", i), reporttest.RefusedText))
	}
	long := report.Build(reporttest.Recording(reporttest.NewRun(t, list)))
	if text := unwrapped(t, long, true); strings.Contains(text, " more\n") || !strings.Contains(text, "\n    gw-29 ") {
		t.Errorf("a list is cut in the full\n%s", text)
	}
}

// TestHeyFirst: the report of a plain load begins as hey's, whatever was lost.
func TestHeyFirst(t *testing.T) {
	for _, name := range []string{"plain", "one", "refused", "mixed", "empty"} {
		r := fixture(t, name)
		for _, full := range []bool{false, true} {
			text := unwrapped(t, r, full)
			if !strings.HasPrefix(text, "\nSummary:\n  Total:\t") {
				t.Errorf("%s: begins with %.40q", name, text)
			}
		}
	}
}

// TestWhatWasNotSeenIsNoFinding: that nodrop saw no mark of an endpoint is in
// the data only.
func TestWhatWasNotSeenIsNoFinding(t *testing.T) {
	run := reporttest.NewRun(t, reporttest.Steady(400, 0, ms, "gw-1"), reporttest.Edited(func(run *record.Run) {
		run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 100 * ms, End: 200 * ms}}
	}))
	r := report.Build(reporttest.Recording(run))
	if data := render(t, ComputedJSON, r); !strings.Contains(data, "event-not-seen") {
		t.Errorf("no finding in\n%s", data)
	}
	if text := unwrapped(t, r, true); strings.Contains(text, "did not see") || strings.Contains(text, "Findings") {
		t.Errorf("it is in\n%s", text)
	}
}

// TestFewRunsHaveNoP: where no difference could be significant, the text has no
// p-value and marks nothing as chance.
func TestFewRunsHaveNoP(t *testing.T) {
	few := func(n int) *report.Report {
		return comparetest.Compared(t, comparetest.Arm(t, "off", reporttest.Lossies(t, []int{10, 20, 30, 40}[:n]...)...), comparetest.Arm(t, "on", reporttest.Lossies(t, []int{50, 60, 70, 80}[:n]...)...))
	}
	if text := unwrapped(t, few(3), false); strings.Contains(text, "p = ") && !strings.Contains(text, "would have p = ") || strings.Contains(text, "~") || !strings.Contains(text, "medians of 3 + 3 runs: too few to tell a difference from chance") {
		t.Errorf("3 + 3 runs:\n%s", text)
	}
	if text := unwrapped(t, few(4), false); !strings.Contains(text, "medians of 4 + 4 runs; base to new: lost 25 → 65, p = 0.029") || !strings.Contains(text, "~") {
		t.Errorf("4 + 4 runs:\n%s", text)
	}
}
