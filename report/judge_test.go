package report_test

import (
	"slices"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/reporttest"
)

// TestJudge: for known recordings, the verdict and the settings that would have
// kept what was lost.
func TestJudge(t *testing.T) {
	fleet := reporttest.Steady(2000, 0, ms, reporttest.Replicas(1, 10)...)
	mark := func(kind record.MarkKind, at int64) record.Mark {
		return record.Mark{Kind: kind, Name: kind.Of("gw-2"), Endpoint: "gw-2", Start: at, End: at}
	}
	marked := func(marks ...record.Mark) func(*reporttest.Builder) {
		return reporttest.Edited(func(run *record.Run) { run.Marks = marks })
	}
	seen := func(products ...string) func(*reporttest.Builder) {
		return reporttest.Edited(func(run *record.Run) { run.Products = products })
	}
	for name, tt := range map[string]struct {
		run     *record.Run
		verdict record.Verdict
		want    []record.Remedy // some of the remedies; nil is none at all
		never   []string        // objects that none has
	}{
		"graceful": {run: reporttest.Graceful(t), verdict: record.Pass},
		"abrupt": {
			run: reporttest.NewRun(t, reporttest.AbruptRequests(), reporttest.Variant("abrupt", reporttest.AbruptMarks(), func(run *record.Run) {
				run.Expect = []string{"lost == 0"}
			})),
			verdict: record.Fail,
			want: []record.Remedy{ // the balancer took 53.14 ms, and the slowest response 9 ms
				{Object: "nodrop lab", Product: "nodrop lab", Part: "command line", Setting: "--stop", Value: "graceful"},
				{Object: "nodrop lab", Product: "nodrop lab", Part: "command line", Setting: "--pre-stop", Value: "80ms", Unit: "ms"},
				{Object: "nodrop lab", Product: "nodrop lab", Part: "command line", Setting: "--grace", Value: "35ms", Unit: "ms"},
			},
			never: []string{"Kubernetes", "ASM from 1.26", "ASM before 1.26", "Istio, ASM", "Envoy", "nginx", "HAProxy", "Caddy"},
		},
		"abrupt, in ASM behind Caddy": {
			run: reporttest.NewRun(t, reporttest.AbruptRequests(), marked(reporttest.AbruptMarks()...), seen("Kubernetes", "ASM", "Caddy")),
			want: []record.Remedy{
				{Object: "Kubernetes", Product: "Kubernetes", Part: "container", Setting: "lifecycle.preStop.sleep.seconds", Value: "1", Unit: "s"},
				{Object: "ASM from 1.26", Product: "ASM", Part: "IstioGateway", Setting: "asm.alibabacloud.com/gateway-drain-timeout-seconds", Value: "10", Unit: "s"},
				{Object: "Caddy", Product: "Caddy", Part: "global options", Setting: "shutdown_delay", Value: "1s", Unit: "s"},
			},
			never: []string{"nodrop lab", "Envoy", "nginx", "HAProxy"},
		},
		"abrupt, on an unknown target": {run: reporttest.NewRun(t, reporttest.AbruptRequests(), marked(reporttest.AbruptMarks()...))},
		"a known gateway": {
			run: reporttest.NewRun(t, reporttest.AbruptRequests(), reporttest.Variant("abrupt", reporttest.AbruptMarks(), func(run *record.Run) {
				run.Gateway = "nginx 1.22.1"
			})),
			verdict: record.Pass, // abrupt has to lose
			want:    []record.Remedy{{Object: "nginx", Product: "nginx", Part: "main", Setting: "worker_shutdown_timeout", Value: "1s", Unit: "s"}},
			never:   []string{"Envoy", "HAProxy", "Caddy"},
		},
		"grace too short": {
			run: reporttest.NewRun(t, append(slices.Clone(fleet), reporttest.Lost(180*ms, 1150*ms, "wait.eof", "gw-2", reporttest.EOFText)),
				marked(mark(record.MarkTerminating, 150*ms), mark(record.MarkKilled, 1150*ms), mark(record.MarkExited, 1150*ms)), seen("nodrop lab", "Kubernetes")),
			want: []record.Remedy{ // a second was too short
				{Object: "nodrop lab", Product: "nodrop lab", Part: "command line", Setting: "--grace", Value: "1.2s", Unit: "s", AtLeast: true},
				{Object: "Kubernetes", Product: "Kubernetes", Part: "pod", Setting: "terminationGracePeriodSeconds", Value: "2", Unit: "s", AtLeast: true, Above: "lifecycle.preStop.sleep.seconds"},
			},
		},
		"requests came after the termination": {
			run: reporttest.NewRun(t, append(slices.Clone(fleet), reporttest.Lost(1140*ms, 1150*ms, "wait.eof", "gw-2", reporttest.EOFText)),
				marked(mark(record.MarkTerminating, 150*ms), mark(record.MarkKilled, 1150*ms), mark(record.MarkExited, 1150*ms))),
		},
		"kept-alive connections": {
			run: reporttest.NewRun(t, append(slices.Clone(fleet),
				reporttest.Request{Start: 500 * ms, End: 500*ms + 40_000, Fate: record.FateLost, Class: "wait.eof", Endpoint: "gw-2", Reused: true, Sample: reporttest.EOFText}), seen("HAProxy"),
				marked(record.Mark{Kind: record.MarkStep, Name: "restart", Start: 490 * ms, End: 510 * ms}), reporttest.Edited(func(run *record.Run) { run.Phases.Connect.Record(ms / 10) })),
			want: []record.Remedy{{Object: "HAProxy", Product: "HAProxy", Setting: "option", Value: "idle-close-on-response"}},
		},
		"no marks": {
			run: reporttest.NewRun(t, append(slices.Clone(fleet), reporttest.Lost(500*ms, 501*ms, "connect.refused", "gw-2", reporttest.RefusedText))),
		},
		"the event outlived the load": {
			run:     reporttest.NewRun(t, fleet, marked(record.Mark{Kind: record.MarkStep, Name: "scale", Start: 500 * ms, End: 9000 * ms})),
			verdict: record.Inconclusive,
			want:    []record.Remedy{{Object: "nodrop", Product: "nodrop", Part: "command line", Setting: "--settle", Value: "1s", Unit: "s"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := report.Judge(reporttest.Recording(tt.run))
			if got.Verdict != tt.verdict {
				t.Errorf("verdict %q; want %q", got.Verdict, tt.verdict)
			}
			for _, want := range tt.want {
				if !slices.Contains(got.Remedies, want) {
					t.Errorf("no %+v in %+v", want, got.Remedies)
				}
			}
			if tt.want == nil && len(got.Remedies) > 0 {
				t.Errorf("got %+v; want none", got.Remedies)
			}
			for _, r := range got.Remedies {
				if slices.Contains(tt.never, r.Object) {
					t.Errorf("got %+v", r)
				}
			}
		})
	}
}

// TestJudgeOnce: runs that need the same say so once.
func TestJudgeOnce(t *testing.T) {
	one := report.Judge(reporttest.Recording(reporttest.Abrupt(t)))
	two := report.Judge(reporttest.Recording(reporttest.Abrupt(t), reporttest.Abrupt(t)))
	if len(one.Remedies) == 0 || !slices.Equal(one.Remedies, two.Remedies) {
		t.Errorf("got %+v; want %+v", two.Remedies, one.Remedies)
	}
}

// TestJudgeFindings: they have the counts of the runs, and remedies of their own.
func TestJudgeFindings(t *testing.T) {
	run := reporttest.Abrupt(t)
	run.Variant = "abrupt"
	j := report.Judge(reporttest.Recording(run, reporttest.Graceful(t)))
	if j.Lost != run.Counts.Lost || j.Sent <= run.Counts.Started {
		t.Errorf("sent %d, lost %d; want the sum of both runs", j.Sent, j.Lost)
	}
	first := j.Findings[0]
	if first.Variant != "abrupt" || first.Code != "closed-before-removed" || first.Confidence != "shown" || first.Lost == 0 || first.Needed == 0 || len(first.Remedies) == 0 {
		t.Errorf("got %+v; want the largest cause of the abrupt run", first)
	}
}

// TestJudgeExposed: requests are exposed while the target is changed and, if the
// end of that was not seen, from then on. More of them show shorter outages.
func TestJudgeExposed(t *testing.T) {
	abrupt := report.Judge(reporttest.Recording(reporttest.Abrupt(t)))
	if n := abrupt.Exposed; n < abrupt.Lost || n > abrupt.Sent/4 {
		t.Errorf("%d of %d exposed, %d lost", n, abrupt.Sent, abrupt.Lost)
	}
	steps := reporttest.Abrupt(t)
	steps.Marks = slices.DeleteFunc(steps.Marks, func(m record.Mark) bool { return m.Kind != record.MarkStep })
	if n := report.Judge(reporttest.Recording(steps)).Exposed; n < abrupt.Sent/4 {
		t.Errorf("%d of %d exposed; want those until the end", n, abrupt.Sent)
	}
	one := reporttest.Abrupt(t)
	one.Marks = nil
	if j := report.Judge(reporttest.Recording(one)); j.Exposed != 0 || j.Resolved <= abrupt.Resolved || abrupt.Resolved == 0 {
		t.Errorf("%d exposed without an event; resolved %d ns, and %d ns with 9 endpoints that left", j.Exposed, j.Resolved, abrupt.Resolved)
	}
}
