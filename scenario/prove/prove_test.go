package prove

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/scenario"
)

// world is a target with causes of losses. A cause is gone in the variants that
// name it.
type world struct {
	causes     []cause
	refused    string          // by whom changes cannot be made
	fails      string          // variant that cannot be set up
	interrupts string          // run during which the user interrupts
	unready    string          // run during whose setup the user interrupts
	useless    map[string]bool // causes whose change does not help
	grows      bool            // only with a change do runs show how much is needed
	ran        []string
	kept       []string
	interrupt  func()
}

type cause struct {
	code, confidence string
	lost             int64
	harm             int64 // what the change against it loses
}

var errSetUp = errors.New("cannot be set up")

func (w *world) run(_ context.Context, s *scenario.Scenario) (*record.Recording, error) {
	v := s.Variants[0]
	rec := &record.Recording{Format: record.Format}
	if v.Name == w.fails {
		return rec, errSetUp
	}
	run := &record.Run{Variant: v.Name, Repetition: s.First}
	run.Counts.Started = 1000
	for _, c := range w.causes {
		there := !w.gone(v.Name, c.code)
		if there || w.useless[c.code] {
			run.Counts.Lost += c.lost
		}
		if !there {
			run.Counts.Lost += c.harm
		}
	}
	name := strings.TrimSuffix(fmt.Sprintf("%s #%d", v.Name, s.First), " #0")
	if name == w.unready {
		w.interrupt()
		return rec, context.Canceled
	}
	if name == w.interrupts {
		run.Interrupted = true
		w.interrupt()
	}
	for _, action := range v.Setup {
		name += ", " + action.String()
	}
	w.ran = append(w.ran, name)
	rec.Runs = append(rec.Runs, run)
	return rec, nil
}

// gone reports whether a variant has what a cause needs.
func (w *world) gone(variant, code string) bool {
	if w.grows {
		code += "+"
	}
	return strings.Contains(variant, code)
}

// judge finds each cause in each run, and compares the first variant with that of
// the last round.
func (w *world) judge(rec *record.Recording) record.Judgement {
	var j record.Judgement
	lost := map[string]int64{}
	for _, run := range rec.Runs {
		lost[run.Variant] = run.Counts.Lost
		for _, c := range w.causes {
			if !w.gone(run.Variant, c.code) || w.useless[c.code] {
				f := record.Finding{Variant: run.Variant, Code: c.code, Confidence: c.confidence, Lost: c.lost}
				if w.grows && run.Variant != AsItIs {
					f.Needed = 1
				}
				j.Findings = append(j.Findings, f)
			}
		}
	}
	if rec.Proof == nil {
		return j
	}
	before := lost[rec.Proof.Variant]
	after := before
	for _, r := range rec.Proof.Rounds {
		after = lost[r.Variant]
	}
	switch {
	case before == 0:
		j.Proof = record.CannotTell
	case len(rec.Proof.Rounds) == 0 || after == before:
		j.Proof = record.NoChange
	case after == 0:
		j.Proof = record.Fixed
	case after < before:
		j.Proof = record.Better
	default:
		j.Proof = record.Worse
	}
	return j
}

// Fix names the codes of all findings.
func (w *world) Fix(_ context.Context, findings []record.Finding) (*Fix, string, error) {
	var codes []string
	for _, f := range findings {
		codes = append(codes, f.Code+strings.Repeat("+", int(f.Needed)))
	}
	if strings.HasPrefix(codes[len(codes)-1], "incurable") {
		return nil, "no setting", nil
	}
	words := strings.Join(codes, " and ")
	return &Fix{
		Words: words, Refused: w.refused, Keep: &action{words: words, run: func() { w.kept = append(w.kept, words) }},
		Again: scenario.Variant{Setup: []scenario.Action{&action{words: "once it is undone"}}},
	}, "", nil
}

type action struct {
	words string
	run   func()
}

func (a *action) Run(context.Context, *scenario.Env) error {
	a.run()
	return nil
}

func (a *action) Undo(context.Context) error { return nil }
func (a *action) String() string             { return a.words }

func (w *world) prove(t *testing.T, edit func(*Proof)) (*record.Recording, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.interrupt = cancel
	p := &Proof{
		Scenario: scenario.Scenario{Interrupts: scenario.NewInterrupts(func(string) {}, nil)},
		Fixer:    w, Rounds: 3, Repeat: 1, Keep: true, Run: w.run, Judge: w.judge,
		Approve: func(context.Context, *Fix) (string, error) { return "", nil },
	}
	if edit != nil {
		edit(p)
	}
	return p.Prove(ctx)
}

// outcomes lists the rounds, as "change: outcome".
func outcomes(rec *record.Recording) []string {
	var list []string
	for _, r := range rec.Proof.Rounds {
		list = append(list, strings.TrimSuffix(r.Change+": "+string(r.Outcome), ": "))
	}
	return list
}

func TestProve(t *testing.T) {
	a, b := cause{code: "A", confidence: "shown", lost: 30}, cause{code: "B", confidence: "likely", lost: 20}
	for name, tt := range map[string]struct {
		world   world
		edit    func(*Proof)
		ran     []string
		rounds  []string
		stopped string
		kept    []string
	}{
		"nothing is lost": {world{}, nil, []string{AsItIs}, nil, "", nil},
		"one cause":       {world{causes: []cause{a}}, nil, []string{AsItIs, "with A"}, []string{"A: fixed"}, "", []string{"A"}},
		"two causes, the larger first": {
			world{causes: []cause{b, a}},
			nil,
			[]string{AsItIs, "with A", "with A and B"},
			[]string{"A: better", "A and B: fixed"},
			"",
			[]string{"A and B"},
		},
		"equally large: the surer first": {
			world{causes: []cause{{code: "X", confidence: "likely", lost: 9}, {code: "Y", confidence: "shown", lost: 9}}},
			func(p *Proof) { p.Rounds = 1 },
			[]string{AsItIs, "with Y"},
			[]string{"Y: better"},
			"--rounds 1: no further change was tried",
			[]string{"Y"},
		},
		"a change that does not help is dropped, and tried again with another": {
			world{causes: []cause{a, b}, useless: map[string]bool{"A": true}},
			func(p *Proof) { p.Rounds = 4 },
			[]string{AsItIs, "with A", "with B", "with B and A"},
			[]string{"A: no change", "B: better", "B and A: no change"},
			"A: B and A did not help",
			[]string{"B"},
		},
		"more of it is needed": {
			world{causes: []cause{a}, grows: true},
			nil,
			[]string{AsItIs, "with A", "with A+"},
			[]string{"A: no change", "A+: fixed"},
			"",
			[]string{"A+"},
		},
		"a change that harms is dropped": {
			world{causes: []cause{{code: "A", confidence: "shown", lost: 9, harm: 500}}},
			nil,
			[]string{AsItIs, "with A"},
			[]string{"A: worse"},
			"A: A did not help", nil,
		},
		"without evidence nothing is changed": {
			world{causes: []cause{{code: "A", confidence: "cannot tell", lost: 9}}},
			nil,
			[]string{AsItIs},
			nil, "nodrop cannot tell why they were lost", nil,
		},
		"nothing helps": {
			world{causes: []cause{{code: "incurable", confidence: "shown", lost: 9}}},
			nil,
			[]string{AsItIs},
			nil, "incurable: no setting", nil,
		},
		"it cannot be made": {
			world{causes: []cause{a}, refused: "no permission"},
			nil,
			[]string{AsItIs},
			[]string{"A"},
			"no permission", nil,
		},
		"it is declined": {
			world{causes: []cause{a}},
			func(p *Proof) {
				p.Approve = func(context.Context, *Fix) (string, error) { return "you declined", nil }
			},
			[]string{AsItIs},
			[]string{"A"},
			"you declined", nil,
		},
		"not to be kept": {
			world{causes: []cause{a}},
			func(p *Proof) { p.Keep = false },
			[]string{AsItIs, "with A"},
			[]string{"A: fixed"},
			"", nil,
		},
		"in turns": {
			world{causes: []cause{a, b}},
			func(p *Proof) { p.Repeat = 3 },
			[]string{
				AsItIs + " #1", "with A #1", AsItIs + " #2, once it is undone", "with A #2", AsItIs + " #3, once it is undone", "with A #3",
				"with A and B #1", "with A and B #2", "with A and B #3",
			},
			[]string{"A: better", "A and B: fixed"},
			"",
			[]string{"A and B"},
		},
		"interrupted as it is": {
			world{causes: []cause{a}, interrupts: AsItIs}, nil, []string{AsItIs}, nil, "", nil,
		},
		"interrupted with the change": {
			world{causes: []cause{a}, interrupts: "with A"}, nil, []string{AsItIs, "with A"}, []string{"A"}, "", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			rec, err := tt.world.prove(t, tt.edit)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.ran, tt.world.ran); diff != "" {
				t.Errorf("runs (- want, + got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.rounds, outcomes(rec)); diff != "" {
				t.Errorf("rounds (- want, + got):\n%s", diff)
			}
			if got := rec.Proof.Stopped; !strings.HasPrefix(got, tt.stopped) || tt.stopped == "" && got != "" {
				t.Errorf("stopped: %q; want %q", got, tt.stopped)
			}
			if !slices.Equal(tt.kept, tt.world.kept) || rec.Proof.Kept != (tt.kept != nil) {
				t.Errorf("kept %q; want %q", tt.world.kept, tt.kept)
			}
			if len(rec.Runs) != len(tt.ran) {
				t.Errorf("%d runs in the recording", len(rec.Runs))
			}
		})
	}
}

// TestProveInterruptedInSetup: a change with which there is a run has been tried,
// although the proof was interrupted before the next run began.
func TestProveInterruptedInSetup(t *testing.T) {
	for _, tt := range []struct{ unready, variant string }{
		{"with A #1", ""},
		{AsItIs + " #2", "with A"},
		{"with A #2", "with A"},
	} {
		w := world{causes: []cause{{code: "A", confidence: "shown", lost: 30}}, unready: tt.unready}
		rec, err := w.prove(t, func(p *Proof) { p.Repeat = 2 })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", tt.unready, err)
		}
		if r := rec.Proof.Rounds[0]; !rec.Proof.Interrupted || r.Variant != tt.variant || r.Outcome != "" {
			t.Errorf("%s: the round is of %q, %q; want %q", tt.unready, r.Variant, r.Outcome, tt.variant)
		}
	}
}

// TestProveFails: what was recorded before an error is reported, and nothing is
// kept.
func TestProveFails(t *testing.T) {
	a := cause{code: "A", confidence: "shown", lost: 30}
	for _, tt := range []struct {
		fails string
		runs  int
	}{{AsItIs, 0}, {"with A", 1}} {
		w := world{causes: []cause{a}, fails: tt.fails}
		rec, err := w.prove(t, nil)
		if !errors.Is(err, errSetUp) || len(rec.Runs) != tt.runs || len(w.kept) > 0 {
			t.Errorf("%s: %d runs, kept %q: %v", tt.fails, len(rec.Runs), w.kept, err)
		}
		for _, r := range rec.Proof.Rounds {
			if r.Outcome != "" || r.Variant != "" {
				t.Errorf("%s: it was tried: %+v", tt.fails, r)
			}
		}
	}
}
