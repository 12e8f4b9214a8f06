package report_test

import (
	"errors"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/check"
	"nodrop/report/format"
	"nodrop/report/reporttest"
)

// proofOf returns the report of a proof that tried one change, with these losses
// in each repetition.
func proofOf(t *testing.T, before, after []int, edit func(*record.Recording)) *report.Report {
	t.Helper()
	rec := reporttest.Recording()
	add := func(variant string, lost []int) {
		for i, n := range lost {
			run := reporttest.Tried(t, variant, n)
			if len(lost) > 1 {
				run.Repetition = i + 1
			}
			rec.Runs = append(rec.Runs, run)
		}
	}
	add(reporttest.AsItIs, before)
	rec.Proof = &record.Proof{Variant: reporttest.AsItIs}
	if after != nil {
		add("with x", after)
		rec.Proof.Rounds = []record.ProofRound{reporttest.Round("x", "")}
	}
	if edit != nil {
		edit(rec)
	}
	return report.Build(rec)
}

func TestProofOutcome(t *testing.T) {
	untried := func(rec *record.Recording) {
		round := reporttest.Round("x", "")
		round.Variant = ""
		rec.Proof.Rounds, rec.Proof.Stopped, rec.Proof.File = []record.ProofRound{round}, "no permission", "fix.yaml"
	}
	for name, tt := range map[string]struct {
		before, after []int
		edit          func(*record.Recording)
		want          record.ProofOutcome
		sentence      string
	}{
		"all of it":              {[]int{250}, []int{0}, nil, record.Fixed, "fixed: 250 of 4,676 lost in "},
		"most of it":             {[]int{250}, []int{20}, nil, record.Better, "better: 250 of 4,676 lost in "},
		"a little":               {[]int{250}, []int{240}, nil, record.NoChange, "no change: "},
		"a little more":          {[]int{200}, []int{240}, nil, record.NoChange, "no change: "},
		"much more":              {[]int{20}, []int{250}, nil, record.Worse, "worse: "},
		"nothing was lost":       {[]int{0}, nil, nil, record.CannotTell, "cannot tell: nothing was lost, so there is nothing to fix"},
		"nothing can be changed": {[]int{250}, nil, func(rec *record.Recording) { rec.Proof.Stopped = "cold-start: no setting" }, record.NoChange, "; cold-start: no setting"},
		"it was not tried":       {[]int{250}, nil, untried, record.CannotTell, "cannot tell: x was not tried: no permission; 250 of 4,676 lost in 52.0 ms as it is; patch in fix.yaml"},
		"it failed": {
			[]int{250},
			nil, func(rec *record.Recording) { untried(rec); rec.Error = "webhook denied it" },
			record.CannotTell, "cannot tell: webhook denied it; 250 of",
		},
		"interrupted": {
			[]int{250},
			[]int{0},
			func(rec *record.Recording) { rec.Runs[1].Interrupted = true },
			record.CannotTell, "cannot tell: with x: the run was interrupted; ",
		},
		"without an event": {
			[]int{250},
			[]int{0},
			func(rec *record.Recording) { rec.Runs[1].Marks = nil },
			record.CannotTell, "cannot tell: with x: no event was seen: nothing was done to the target",
		},
		"interrupted before it was compared": {
			[]int{250},
			[]int{0},
			func(rec *record.Recording) { rec.Proof.Interrupted = true },
			record.CannotTell, "cannot tell: interrupted before x was compared; 250 of",
		},
		"interrupted after it was compared": {
			[]int{250},
			[]int{0},
			func(rec *record.Recording) { rec.Proof.Rounds[0].Outcome, rec.Proof.Interrupted = record.Fixed, true },
			record.Fixed, "fixed: 250 of ",
		},
		"interrupted in a later round": {
			[]int{250},
			[]int{20},
			func(rec *record.Recording) {
				next := reporttest.Round("x and y", "")
				next.Variant = ""
				rec.Proof.Rounds[0].Outcome, rec.Proof.Interrupted = record.Better, true
				rec.Proof.Rounds = append(rec.Proof.Rounds, next)
			},
			record.Better, "; interrupted",
		},
		"in every run":                          {[]int{250, 240}, []int{0, 0}, nil, record.Fixed, "fixed: 240–250 of 4,6"},
		"in one run some is left":               {[]int{250, 240}, []int{0, 9}, nil, record.Better, "with x 0–9 of 4,"},
		"by chance: few runs":                   {[]int{250, 0}, []int{0, 0}, nil, record.CannotTell, "cannot tell: chance explains that none were lost with x: only 1 of 2 runs before lost any; 0–250 of 4,6"},
		"by chance: enough runs for a test":     {[]int{0, 0, 0, 250}, []int{0, 0, 0, 0}, nil, record.CannotTell, "only 1 of 4 runs before lost any; 0–250 of 4,6"},
		"not quite by chance":                   {[]int{0, 9, 9, 250}, []int{0, 0, 0, 0}, nil, record.CannotTell, "only 3 of 4 runs before lost any; "},
		"enough runs for a test: all of it":     {[]int{1, 9, 9, 250}, []int{0, 0, 0, 0}, nil, record.Fixed, "with x none of 4,426 in each of 4 runs"},
		"few runs, alike":                       {[]int{250, 100}, []int{200, 90}, nil, record.NoChange, ""},
		"enough runs for a test: a little":      {[]int{250, 240, 245, 251}, []int{230, 231, 232, 229}, nil, record.Better, ""},
		"enough runs for a test: a little more": {[]int{230, 231, 232, 229}, []int{250, 240, 245, 251}, nil, record.Worse, ""},
		"enough runs for a test: mixed":         {[]int{230, 250, 232, 240}, []int{250, 229, 245, 231}, nil, record.NoChange, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := proofOf(t, tt.before, tt.after, tt.edit)
			if got := r.Proof.Outcome; got != tt.want {
				t.Errorf("%s; want %s", got, tt.want)
			}
			sentence := r.Proof.Sentence()
			if !strings.HasPrefix(sentence, string(tt.want)+": ") || !strings.Contains(sentence, tt.sentence) {
				t.Errorf("%q; want %q", sentence, tt.sentence)
			}
			want := map[record.ProofOutcome]check.Outcome{record.Fixed: check.Pass, record.CannotTell: check.Inconclusive}[tt.want]
			if want == "" {
				want = check.Fail
			}
			if r.Verdict.Outcome != want {
				t.Errorf("verdict %s", r.Verdict.Outcome)
			}
			if j := report.Judge(r.Recording); j.Proof != tt.want || j.Verdict != want {
				t.Errorf("judged %+v", j)
			}
			lines := strings.Split(strings.TrimSpace(textOf(t, r)), "\n")
			if lines[len(lines)-1] != sentence || lines[0] != sentence {
				t.Errorf("the first and last lines are\n%s\n%s", lines[0], lines[len(lines)-1])
			}
		})
	}
}

// TestProofRounds: the change that counts is the last that helped, and its patch
// the one to apply.
func TestProofRounds(t *testing.T) {
	rec := reporttest.Recording(reporttest.Tried(t, reporttest.AsItIs, 250), reporttest.Tried(t, "with a", 20), reporttest.Tried(t, "with b", 25))
	better, worse := reporttest.Round("a", record.Better), reporttest.Round("b", record.Worse)
	better.Patch, worse.Patch = "a\n", "b\n"
	rec.Proof = &record.Proof{Variant: reporttest.AsItIs, Rounds: []record.ProofRound{better, worse}, Stopped: "b: no more", File: "f"}
	r := report.Build(rec)
	if got := r.Proof.Sentence(); r.Proof.Patch() != "a\n" || !strings.HasPrefix(got, "better: 250 ") || !strings.Contains(got, "; with a 20 of ") || !strings.HasSuffix(got, "; b: no more; patch in f") {
		t.Errorf("patch %q, %q", r.Proof.Patch(), got)
	}
	rec.Proof.Rounds = []record.ProofRound{worse}
	var b strings.Builder
	r = report.Build(rec)
	if err := format.Patch(&b, r); !errors.Is(err, format.ErrNothing) || b.Len() > 0 {
		t.Errorf("a change that does harm is written: %q, %v", &b, err)
	}
	if got := r.Proof.Sentence(); strings.Contains(got, "patch in") {
		t.Errorf("%q names a file that is not written", got)
	}
}

// TestProofNotCompared: a change with runs was tried, also if an interrupt came
// before they were compared.
func TestProofNotCompared(t *testing.T) {
	text := textOf(t, proofOf(t, []int{250}, []int{0}, func(rec *record.Recording) { rec.Proof.Interrupted = true }))
	if !strings.Contains(text, "  1. x: not compared; for: ") {
		t.Error(text)
	}
}
