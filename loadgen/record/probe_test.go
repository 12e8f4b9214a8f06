package record_test

import (
	"fmt"
	"testing"

	"nodrop/loadgen/record"
)

// TestOnLost: it gets each lost request, and no other.
func TestOnLost(t *testing.T) {
	r := record.NewRecorder(2)
	var lost []int64
	r.OnLost(func(r *record.Result) { lost = append(lost, r.End) })
	refused := record.NewClass(record.StageConnect, record.CauseRefused)
	for i, fate := range []record.Fate{record.FateOK, record.FateLost, record.FateSpoiled, record.FateAborted, record.FateLost} {
		result := &record.Result{Endpoint: -1, End: int64(i), Fate: fate}
		switch fate {
		case record.FateLost:
			result.Class = refused
		case record.FateSpoiled:
			result.Class = record.NewClass(record.StageClient, record.CausePorts)
		case record.FateOK, record.FateAborted:
		}
		r.Shards[i%2].Start(0)
		r.Shards[i%2].Finish(result)
	}
	if fmt.Sprint(lost) != "[1 4]" {
		t.Errorf("got the requests that ended at %v; want 1 and 4", lost)
	}
}

// TestMergeOfProbes: those of a part move by its offset, are in order of their
// end, and are listed up to the limit.
func TestMergeOfProbes(t *testing.T) {
	run := &record.Run{
		Probes:         []record.Probe{{Endpoint: "a", Start: 10, End: 20, Outcome: record.ProbeOK, Loss: 9, Connected: 12}},
		ProbesUnlisted: 1, ProbesSpoiled: 2,
	}
	part := &record.Run{
		Probes:         []record.Probe{{Endpoint: "b", Start: 1, End: 2, Outcome: record.ProbeRefused}, {Endpoint: "b", Start: 30, End: 40, Outcome: record.ProbeOK, Loss: 5, Connected: 31}},
		ProbesUnlisted: 3, ProbesSpoiled: 4,
	}
	if err := run.Merge(record.Part{Run: part, Offset: 10}); err != nil {
		t.Fatal(err)
	}
	want := []record.Probe{
		{Endpoint: "b", Start: 11, End: 12, Outcome: record.ProbeRefused},
		{Endpoint: "a", Start: 10, End: 20, Outcome: record.ProbeOK, Loss: 9, Connected: 12},
		{Endpoint: "b", Start: 40, End: 50, Outcome: record.ProbeOK, Loss: 15, Connected: 41},
	}
	if fmt.Sprint(run.Probes) != fmt.Sprint(want) || run.ProbesUnlisted != 4 || run.ProbesSpoiled != 6 {
		t.Errorf("got %+v, %d unlisted, %d spoiled; want %+v, 4 and 6", run.Probes, run.ProbesUnlisted, run.ProbesSpoiled, want)
	}
	if part.Probes[1].Start != 30 {
		t.Error("the part was changed")
	}
	many := &record.Run{}
	for i := range record.MaxProbes {
		many.Probes = append(many.Probes, record.Probe{Endpoint: "c", Start: int64(i), End: int64(i), Outcome: record.ProbeOK})
	}
	if err := run.Merge(record.Part{Run: many}); err != nil {
		t.Fatal(err)
	}
	if len(run.Probes) != record.MaxProbes || run.ProbesUnlisted != 7 {
		t.Errorf("%d listed, %d unlisted; want %d and 7", len(run.Probes), run.ProbesUnlisted, record.MaxProbes)
	}
}

// TestProbesFromAFile: what reports rely on is checked.
func TestProbesFromAFile(t *testing.T) {
	good := record.Probe{Start: 1, Connected: 2, End: 3, Outcome: record.ProbeOK, Status: 200, Port: 1234}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*record.Probe){
		"outcome":   func(p *record.Probe) { p.Outcome = "maybe" },
		"end":       func(p *record.Probe) { p.End = 0 },
		"connected": func(p *record.Probe) { p.Connected = 4 },
		"status":    func(p *record.Probe) { p.Status = 1000 },
		"port":      func(p *record.Probe) { p.Port = 70000 },
		"loss":      func(p *record.Probe) { p.Loss = -1 },
	} {
		bad := good
		change(&bad)
		if bad.Validate() == nil || (&record.Run{Probes: []record.Probe{bad}}).Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
