package report_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
	"nodrop/report"
	"nodrop/report/diagnosis"
	"nodrop/report/reporttest"
)

// TestAdviceOnce: what several findings and runs need is listed once, what holds
// everywhere first.
func TestAdviceOnce(t *testing.T) {
	got := report.Build(reporttest.Recording(reporttest.Abrupt(t), reporttest.Graceful(t), reporttest.Abrupt(t))).Advice()
	want := []diagnosis.Remedy{
		{Where: "any", Setting: "keep accepting connections for 80ms after termination begins, then close the listener"},
		{Where: "any", Setting: "give requests in flight 35ms to finish after the stop signal"},
		{Where: "nodrop lab", Setting: "--stop graceful --pre-stop 80ms --grace 35ms"},
	}
	if diff := cmp.Diff(want, got.Remedies); diff != "" || got.Unseen {
		t.Errorf("unseen %t: %s", got.Unseen, diff)
	}
}

// TestAdviceForTheLongest: of runs that need different times, the list has the
// longest, whichever comes first.
func TestAdviceForTheLongest(t *testing.T) {
	removed := func(at int64) *record.Run {
		marks := reporttest.AbruptMarks()
		for i := range marks {
			if marks[i].Kind == record.MarkEndpointRemoved {
				marks[i].Start, marks[i].End = at, at
			}
		}
		return reporttest.NewRun(t, reporttest.AbruptRequests(), reporttest.Variant("abrupt", marks))
	}
	short, long := removed(653*ms+150_000), removed(800*ms)
	want := report.Build(reporttest.Recording(long)).Advice().Remedies
	if slices.Equal(want, report.Build(reporttest.Recording(short)).Advice().Remedies) {
		t.Fatal("the two runs need the same")
	}
	for _, runs := range [][]*record.Run{{short, long}, {long, short}} {
		if diff := cmp.Diff(want, report.Build(reporttest.Recording(runs...)).Advice().Remedies); diff != "" {
			t.Error(diff)
		}
	}
}

// TestLabCommandCanBeTyped: what is more than a flag and its value ends the lab's
// command line, whichever finding comes first.
func TestLabCommandCanBeTyped(t *testing.T) {
	for want, settings := range map[string][]string{
		"--stop graceful --pre-stop 80ms --grace 135ms or more":                 {"--stop graceful --grace 135ms or more", "--stop graceful --pre-stop 80ms"},
		"--stop graceful --pre-stop 80ms --drain-timeout 3s, or 0 for no limit": {"--drain-timeout 3s, or 0 for no limit", "--stop graceful --pre-stop 80ms"},
		"--stop graceful --pre-stop 80ms --grace 35ms":                          {"--stop graceful --pre-stop 80ms", "--stop graceful --grace 35ms"},
	} {
		var findings []diagnosis.Finding
		for _, setting := range settings {
			findings = append(findings, diagnosis.Finding{Remedies: []diagnosis.Remedy{{Where: product.Lab, Setting: setting}}})
		}
		got := report.AdviceOf([]report.RunReport{{Findings: findings}}).Remedies
		if diff := cmp.Diff([]diagnosis.Remedy{{Where: product.Lab, Setting: want}}, got); diff != "" {
			t.Error(diff)
		}
	}
}

// TestAdviceForTheUnseen: without any product, only what holds everywhere is
// listed, and that there is more.
func TestAdviceForTheUnseen(t *testing.T) {
	run := func(edit func(*record.Run)) report.Advice {
		return report.Build(reporttest.Recording(reporttest.NewRun(t, reporttest.AbruptRequests(), reporttest.Edited(func(run *record.Run) {
			run.Marks = reporttest.AbruptMarks()
			edit(run)
		})))).Advice()
	}
	unknown := run(func(*record.Run) {})
	if !unknown.Unseen || slices.ContainsFunc(unknown.Remedies, func(r diagnosis.Remedy) bool { return r.Where != "any" }) {
		t.Errorf("got %+v", unknown)
	}
	known := run(func(run *record.Run) { run.Products = []string{"nginx"} })
	if known.Unseen || !slices.Contains(known.Remedies, diagnosis.Remedy{Where: "nginx", Setting: "sleep 1 before SIGQUIT"}) {
		t.Errorf("got %+v", known)
	}
	if nothing := report.Build(reporttest.Recording(reporttest.Graceful(t))).Advice(); nothing.Unseen || len(nothing.Remedies) > 0 {
		t.Errorf("got %+v for a run without losses", nothing)
	}
}
