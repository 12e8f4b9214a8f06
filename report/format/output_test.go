package format

import (
	"fmt"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/reporttest"
)

// TestOutputOfSteps: the last lines that a step's command printed are in the
// report, and nothing in them reaches the terminal as it is.
func TestOutputOfSteps(t *testing.T) {
	step := record.Mark{Kind: record.MarkStep, Name: "scale", Start: ms, End: 2 * ms}
	for i := range 30 {
		step.Output = append(step.Output, fmt.Sprintf("line %d \x1b[31m", i+1))
	}
	run := reporttest.NewRun(t, reporttest.Steady(100, 0, ms, "gw-1"), reporttest.Edited(func(run *record.Run) { run.Marks = []record.Mark{step} }))
	rec := reporttest.Recording(run)
	for name, f := range map[string]Format{"text": Text, "markdown": Markdown} {
		text := render(t, f, report.Build(rec))
		for _, want := range []string{"Output of scale", "line 11 ", "line 30 "} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
		for _, never := range []string{"line 10 ", "\x1b"} {
			if strings.Contains(text, never) {
				t.Errorf("%s: %q in\n%s", name, never, text)
			}
		}
	}
	if text := render(t, ComputedJSON, report.Build(rec)); !strings.Contains(text, "line 30 ") {
		t.Errorf("report-json: no output in\n%s", text)
	}
}
