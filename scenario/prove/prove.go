// Package prove finds out whether a change of the target keeps what an event
// loses.
//
// The pipeline: run the event on the target as it is → ask why requests were lost
// → let a Fixer make the change against the first finding for which it has one →
// show the change and ask → run again with it → compare → the next finding, of
// what is left.
//
// The invariant: a change is a setup action of a scenario, which undoes it. So
// nothing outlives Run but what Keep asks for.
package prove

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/scenario"
)

// AsItIs is the variant of the runs without any change.
const AsItIs = "as it is"

// Fix is a change of the target.
type Fix struct {
	Words   string           // what it sets: "preStop.sleep 3 s"
	Diff    string           // of the object, a line each
	Patch   string           // as a file; "" if there is no object
	Variant scenario.Variant // the event, with the change in its setup
	Again   scenario.Variant // the event without the change, which was undone before
	// Refused says why it cannot be made here; "" if it can.
	Refused string
	// Keep makes it for good; nil if it cannot outlive a run.
	Keep scenario.Action
}

// Fixer makes changes of one kind of target.
type Fixer interface {
	// Fix returns the change against all of these findings. The last is new. If
	// there is none against it, why says so.
	Fix(ctx context.Context, findings []record.Finding) (fix *Fix, why string, err error)
}

// Proof is what to prove, and how.
type Proof struct {
	Scenario scenario.Scenario // without variants; with Interrupts
	Event    scenario.Variant  // of the target as it is
	Fixer    Fixer
	Rounds   int // at most this many changes
	Repeat   int // runs of each, in turns; at least 1
	Keep     bool

	Run     func(context.Context, *scenario.Scenario) (*record.Recording, error)
	Judge   func(*record.Recording) record.Judgement
	Approve func(context.Context, *Fix) (refusal string, err error) // shows a change and asks
}

// Prove makes the proof. The recording has all runs so far even if an error is
// returned.
func (p *Proof) Prove(ctx context.Context) (*record.Recording, error) {
	t := &trial{Proof: p, recording: &record.Recording{Format: record.Format, Proof: &record.Proof{Variant: AsItIs}}}
	p.Event.Name = AsItIs
	unjudged(&p.Event)
	err := t.prove(ctx)
	t.recording.Proof.Interrupted = interrupted(ctx)
	return t.recording, err
}

// unjudged drops the checks of a variant: only the losses count.
func unjudged(v *scenario.Variant) { v.Expect, v.Require, v.FailIf = nil, nil, nil }

// trial is a proof under way.
type trial struct {
	*Proof
	recording *record.Recording
	asItIs    int                 // runs of the target as it is
	accepted  []record.Finding    // those whose changes helped
	best      *Fix                // against accepted; nil before any helped
	state     string              // variant of the best runs so far
	rejected  []record.ProofRound // that did not help
}

func (t *trial) prove(ctx context.Context) error {
	if err := t.run(ctx, &t.Event, 1); err != nil {
		return err
	}
	t.asItIs, t.state = 1, AsItIs
	if outcome := t.Judge(t.recording).Proof; outcome == record.CannotTell || interrupted(ctx) {
		return nil
	}
	proof := t.recording.Proof
	for len(proof.Rounds) < t.Rounds {
		goOn, err := t.round(ctx)
		if err != nil || interrupted(ctx) {
			return err
		}
		if !goOn {
			return t.keep(ctx)
		}
	}
	proof.Stopped = fmt.Sprintf("--rounds %d: no further change was tried", t.Rounds)
	return t.keep(ctx)
}

// interrupted reports that nothing more is to be started. That is no error: the
// report covers what ran.
func interrupted(ctx context.Context) bool { return ctx.Err() != nil }

// round makes and tries one change. goOn reports whether there may be another.
func (t *trial) round(ctx context.Context) (goOn bool, err error) {
	proof := t.recording.Proof
	finding, fix, err := t.next(ctx)
	if err != nil || fix == nil {
		return false, err
	}
	fix.Diff = t.Scenario.Mask(fix.Diff)
	proof.Rounds = append(proof.Rounds, record.ProofRound{
		Code: finding.Code, Title: finding.Title, Confidence: finding.Confidence,
		Change: fix.Words, Diff: fix.Diff, Patch: fix.Patch, Against: t.state,
	})
	round := &proof.Rounds[len(proof.Rounds)-1]
	refusal, err := t.Approve(ctx, fix)
	if refusal = cmp.Or(fix.Refused, refusal); err != nil || refusal != "" {
		proof.Stopped = refusal
		return false, err
	}
	fix.Variant.Name = "with " + fix.Words
	fix.Again.Name = AsItIs
	unjudged(&fix.Variant)
	unjudged(&fix.Again)
	err = t.turns(ctx, fix)
	if len(t.runsOf(fix.Variant.Name)) > 0 {
		round.Variant = fix.Variant.Name
	}
	if err != nil || interrupted(ctx) {
		return false, err
	}
	switch round.Outcome = t.compare(round); round.Outcome {
	case record.Fixed:
		t.accepted, t.best, t.state = append(t.accepted, *finding), fix, round.Variant
		return false, nil
	case record.Better:
		t.accepted, t.best, t.state = append(t.accepted, *finding), fix, round.Variant
		return true, nil
	case record.NoChange, record.Worse:
		t.rejected = append(t.rejected, *round)
		return true, nil
	default: // it cannot tell
		return false, nil
	}
}

// next returns the first finding of the best runs so far that a new change is
// for. Without one, it notes why.
func (t *trial) next(ctx context.Context) (*record.Finding, *Fix, error) {
	var whys []string
	for _, finding := range t.findings() {
		fix, why, err := t.Fixer.Fix(ctx, append(slices.Clone(t.accepted), finding))
		switch {
		case err != nil:
			return nil, nil, err
		case why == "" && t.best != nil && fix.Words == t.best.Words:
			why = "what would help is set already"
		case why == "" && slices.ContainsFunc(t.rejected, func(r record.ProofRound) bool { return r.Change == fix.Words }):
			why = fix.Words + " did not help"
		}
		if why == "" {
			return &finding, fix, nil
		}
		if text := finding.Code + ": " + why; !slices.Contains(whys, text) {
			whys = append(whys, text)
		}
	}
	t.recording.Proof.Stopped = cmp.Or(strings.Join(whys, "; "), "nodrop cannot tell why they were lost")
	return nil, nil, nil
}

// findings lists those that explain losses of the best runs so far, and for which
// there is evidence: what explains most losses first, then what is surest. If a
// change did not help, the runs with it may show that more of the same is needed.
func (t *trial) findings() []record.Finding {
	list := t.findingsOf(t.state)
	for i := range t.rejected {
		r := &t.rejected[i]
		more := slices.DeleteFunc(t.findingsOf(r.Variant), func(f record.Finding) bool { return f.Code != r.Code })
		list = append(list, more...)
	}
	list = slices.DeleteFunc(list, func(f record.Finding) bool { return f.Lost == 0 || surest(f.Confidence) < 0 })
	slices.SortStableFunc(list, func(a, b record.Finding) int {
		return cmp.Or(cmp.Compare(b.Lost, a.Lost), cmp.Compare(surest(a.Confidence), surest(b.Confidence)))
	})
	return list
}

func (t *trial) findingsOf(variant string) []record.Finding {
	return t.Judge(&record.Recording{Format: record.Format, Runs: t.runsOf(variant)}).Findings
}

// surest ranks how sure a finding is; negative for one without evidence.
func surest(confidence string) int { return slices.Index([]string{"shown", "likely"}, confidence) }

func (t *trial) runsOf(variants ...string) []*record.Run {
	var runs []*record.Run
	for _, run := range t.recording.Runs {
		if slices.Contains(variants, run.Variant) {
			runs = append(runs, run)
		}
	}
	return runs
}

// compare compares a change with the best runs so far.
func (t *trial) compare(round *record.ProofRound) record.ProofOutcome {
	alone := *round
	alone.Outcome = ""
	return t.Judge(&record.Recording{
		Format: record.Format, Runs: t.runsOf(t.state, round.Variant),
		Proof: &record.Proof{Variant: t.state, Rounds: []record.ProofRound{alone}},
	}).Proof
}

// turns runs a change as often as is asked for, and in turns with the target as
// it is until that has run as often, too.
func (t *trial) turns(ctx context.Context, fix *Fix) error {
	for n := 1; n <= t.Repeat; n++ {
		if err := t.run(ctx, &fix.Variant, n); err != nil || interrupted(ctx) {
			return err
		}
		if n < t.Repeat && t.asItIs <= n {
			if err := t.run(ctx, &fix.Again, n+1); err != nil || interrupted(ctx) {
				return err
			}
			t.asItIs++
		}
	}
	return nil
}

// run adds the nth run of a variant to the recording.
func (t *trial) run(ctx context.Context, v *scenario.Variant, n int) error {
	s := t.Scenario
	s.Variants, s.Repeat, s.First = []scenario.Variant{*v}, 1, 0
	if t.Repeat > 1 {
		s.First = n
	}
	recording, err := t.Run(ctx, &s)
	t.recording.Runs = append(t.recording.Runs, recording.Runs...)
	return err
}

// keep makes the change that helped for good, if that is asked for.
func (t *trial) keep(ctx context.Context) error {
	if !t.Keep || t.best == nil || t.best.Keep == nil {
		return nil
	}
	if err := t.Scenario.Interrupts.Keep(ctx, t.best.Keep); err != nil {
		return fmt.Errorf("keeping %s: %w", t.best.Words, err)
	}
	t.recording.Proof.Kept = true
	return nil
}
