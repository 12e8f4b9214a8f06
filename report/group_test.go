package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen"
)

func TestLabels(t *testing.T) {
	for want, run := range map[string]loadgen.Run{
		"":                {},
		"graceful":        {Variant: "graceful"},
		"graceful/new":    {Variant: "graceful", Stream: "new"},
		"graceful/new #3": {Variant: "graceful", Stream: "new", Repetition: 3},
		"load/new":        {Stream: "new"},
		"load #2":         {Repetition: 2},
	} {
		if got := label(&run); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

// TestRepetitions: the run stays the unit, and the worst one stands for a
// variant.
func TestRepetitions(t *testing.T) {
	r := Build(repetitions(t, 4))
	if len(r.Groups) != 2 || len(r.Changes) != 1 || r.Verdict.Outcome != Pass {
		t.Fatalf("%d groups, %d changes, %+v", len(r.Groups), len(r.Changes), r.Verdict)
	}
	a := r.Groups[0]
	if a.Name != "abrupt" || len(a.Arm.Runs) != 4 || label(r.Runs[a.Worst].Run) != "abrupt #1" {
		t.Errorf("%s: %d runs, worst %s", a.Name, len(a.Arm.Runs), label(r.Runs[a.Worst].Run))
	}
	lost := r.Changes[0].row("lost", "")
	if !lost.Significant || lost.Direction != -1 {
		t.Errorf("%+v; four of each can tell", lost)
	}
}

// TestRepetitionsThatAreMissing: what was not run proves nothing, and one bad run
// is named.
func TestRepetitionsThatAreMissing(t *testing.T) {
	rec := repetitions(t, 3)
	rec.Runs = rec.Runs[:5]
	if v := Build(rec).Verdict; v.Outcome != Inconclusive || cmp.Diff([]string{"graceful: 1 of 3 runs are missing"}, v.Reasons) != "" {
		t.Errorf("%+v", v)
	}
	rec = repetitions(t, 3)
	bad := abrupt(t)
	bad.Variant, bad.Repetition, bad.Require, bad.Expect = "graceful", 3, nil, []string{"lost == 0"}
	rec.Runs[5] = bad
	if v := Build(rec).Verdict; v.Outcome != Fail || len(v.Reasons) != 1 || v.Reasons[0][:13] != "graceful #3: " {
		t.Errorf("%+v", v)
	}
}
