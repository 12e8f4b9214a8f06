package format

import (
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/reporttest"
)

// TestProbes: the connections beside the load are counted in one line, and in
// the numbers, and appear nowhere else; without any, there is no line.
func TestProbes(t *testing.T) {
	run := func(probes ...record.Probe) *record.Recording {
		return reporttest.Recording(reporttest.NewRun(t, reporttest.Steady(100, 0, ms, "gw-1"), reporttest.Edited(func(run *record.Run) {
			run.Probes = probes
		})))
	}
	at := func(i int64, outcome record.ProbeOutcome) record.Probe {
		return record.Probe{Endpoint: "gw-1", Start: i * ms, End: i*ms + 1, Outcome: outcome}
	}
	with := run(at(1, record.ProbeOK), at(2, record.ProbeRefused), at(3, record.ProbeTLSFailed), at(4, record.ProbeRefused))
	with.Runs[0].ProbesUnlisted, with.Runs[0].ProbesSpoiled = 5, 1
	const want = "\n  Probes: 10 connections beside the load, in no count: 2 refused, 1 tls failed, 1 ok, 5 not listed, 1 failed because of this machine\n"
	if got := strings.Join(strings.Fields(render(t, Text, report.Build(with))), " "); !strings.Contains(got, strings.TrimSpace(want)) {
		t.Errorf("no %q in\n%s", want, got)
	}
	if got := render(t, Text, report.Build(run())); strings.Contains(got, "Probes:") {
		t.Errorf("probes without any:\n%s", got)
	}
	if got := render(t, Text, report.Build(run(at(1, record.ProbeOK)))); !strings.Contains(got, "\n  Probes: 1 connection beside the load, in no count: 1 ok\n") {
		t.Errorf("got\n%s", got)
	}
	schema := compileSchema(t)
	for _, rec := range []*record.Recording{with, run()} {
		text := render(t, ComputedJSON, report.Build(rec))
		if err := schema.Validate(decoded(t, text)); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
}
