package history_test

import (
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/history"
	"nodrop/report/metric"
	"nodrop/report/reporttest"
)

// TestLight: no metric needs what a history leaves out, and the run it comes from
// keeps everything.
func TestLight(t *testing.T) {
	names := []string{
		"planned", "started", "ok", "lost", "spoiled", "unsent", "aborted", "late", "loss", "windows", "window.longest", "window.total",
		"rps", "min", "mean", "max", "p50", "p99.9", "lost.connect", "lost.connect.refused", "lost.status.503", "status.5xx",
		"connect.p99", "dns.max", "tls.mean", "send.p50", "wait.min", "read.p99",
	}
	check := func(t *testing.T, run *record.Run) {
		t.Helper()
		full := analysis.Of(run)
		bins := len(run.Bins.List)
		light := history.Light(full)
		for _, name := range names {
			m, problem := metric.Find(name)
			if problem != nil {
				t.Fatal(problem)
			}
			if got, want := m.Of(&light), m.Of(&full); got != want {
				t.Errorf("%s: got %+v; want %+v", name, got, want)
			}
		}
		if len(light.Run.Bins.List) > 0 || len(full.Run.Bins.List) != bins {
			t.Errorf("got %d bins, left %d; want 0, %d", len(light.Run.Bins.List), len(full.Run.Bins.List), bins)
		}
	}
	for _, f := range reporttest.Fixtures {
		t.Run(f.Name, func(t *testing.T) {
			for _, run := range f.Build(t).Runs {
				check(t, run)
			}
		})
	}
	reporttest.EachRandomRun(t, check)
}
