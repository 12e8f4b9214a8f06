package format

import (
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/reporttest"
)

// TestAdviceIsOneList: the reports for people list what to change once, after
// the findings of all runs, or before them.
func TestAdviceIsOneList(t *testing.T) {
	r := report.Build(reporttest.Recording(reporttest.Abrupt(t), reporttest.Graceful(t), reporttest.Abrupt(t)))
	for name, tt := range map[string]struct {
		write         Format
		heading, line string
	}{
		"text":     {Text, "\nWhat to change:\n", "\n  > nodrop lab --stop graceful --pre-stop 80ms --grace 35ms\n"},
		"markdown": {Markdown, "\n#### What to change\n", "\n| nodrop lab | <code>--stop graceful --pre-stop 80ms --grace 35ms</code> |\n"},
	} {
		text := render(t, tt.write, r)
		for _, want := range []string{tt.heading, tt.line} {
			if n := strings.Count(text, want); n != 1 {
				t.Errorf("%s: %q is there %d times\n%s", name, want, n, text)
			}
		}
		if n := strings.Count(text, "give requests in flight "); n != 1 {
			t.Errorf("%s: the remedy of the second finding is there %d times\n%s", name, n, text)
		}
	}
}

// TestAdviceAsksForTheProduct: if no product was seen, the list says how to name
// one; if nothing was lost, there is no list.
func TestAdviceAsksForTheProduct(t *testing.T) {
	build := func(products ...string) *report.Report {
		return report.Build(reporttest.Recording(reporttest.NewRun(t, reporttest.AbruptRequests(), reporttest.Edited(func(run *record.Run) {
			run.Marks, run.Products = reporttest.AbruptMarks(), products
		}))))
	}
	for name, write := range map[string]Format{"text": Text, "markdown": Markdown} {
		if text := render(t, write, build()); !strings.Contains(text, "gateway nginx") || strings.Contains(text, "SIGQUIT") {
			t.Errorf("%s of an unknown target:\n%s", name, text)
		}
		if text := render(t, write, build("nginx")); strings.Contains(text, "gateway nginx") || !strings.Contains(text, "SIGQUIT") || strings.Contains(text, "SIGUSR1") {
			t.Errorf("%s of nginx:\n%s", name, text)
		}
		if text := render(t, write, report.Build(reporttest.Recording(reporttest.Graceful(t)))); strings.Contains(text, "What to change") {
			t.Errorf("%s of a run without losses:\n%s", name, text)
		}
	}
}
