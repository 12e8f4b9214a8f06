package report

import (
	"cmp"
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/phrase"
)

// Proof is what the changes of a target did, over all rounds.
type Proof struct {
	*record.Proof
	Outcome record.ProofOutcome
	Before  ProofSide
	// After is with Change: the last change that helped, or that was tried. It has
	// no runs if none was tried.
	After  ProofSide
	Change string
	Doubts []string // why it cannot tell
	Hints  []string
}

// ProofSide is what the runs with one change lost, or those without any. Each
// figure has a value for each repetition, over all loads side by side.
type ProofSide struct {
	Variant            string
	Sent, Lost, Outage []int64 // requests, requests, ns
	runs               []RunReport
}

func proofOf(rec *record.Recording, runs []RunReport) *Proof {
	p := &Proof{Proof: rec.Proof, Before: sideOf(runs, rec.Proof.Variant)}
	best, tried := lastRounds(rec.Proof)
	if best != nil {
		tried = best
	}
	if tried != nil {
		p.After, p.Change = sideOf(runs, tried.Variant), tried.Change
	}
	p.Outcome = p.judge(rec.Error, tried)
	return p
}

// lastRounds returns the last change that helped, and the last that was tried;
// nil if there is none.
func lastRounds(p *record.Proof) (best, tried *record.ProofRound) {
	for i := range p.Rounds {
		r := &p.Rounds[i]
		if r.Variant != "" {
			tried = r
		}
		if r.Outcome == record.Fixed || r.Outcome == record.Better {
			best = r
		}
	}
	return best, tried
}

func sideOf(runs []RunReport, variant string) ProofSide {
	s := ProofSide{Variant: variant}
	at := map[int]int{} // of a repetition
	for i := range runs {
		r := &runs[i]
		if r.Run.Variant != variant {
			continue
		}
		k, known := at[r.Run.Repetition]
		if !known {
			k = len(s.Lost)
			at[r.Run.Repetition] = k
			s.Sent, s.Lost, s.Outage = append(s.Sent, 0), append(s.Lost, 0), append(s.Outage, 0)
		}
		s.Sent[k] += r.Run.Counts.Started
		s.Lost[k] += r.Run.Counts.Lost
		s.Outage[k] = max(s.Outage[k], r.Loss.Time)
		s.runs = append(s.runs, *r)
	}
	return s
}

// lostIn counts the repetitions in which requests were lost.
func (s *ProofSide) lostIn() int {
	n := 0
	for _, lost := range s.Lost {
		if lost > 0 {
			n++
		}
	}
	return n
}

// ratios returns the share that each repetition lost.
func (s *ProofSide) ratios() []float64 {
	var list []float64
	for i := range s.Lost {
		list = append(list, ratio(s.Lost[i], s.Sent[i]))
	}
	return list
}

// lostBy returns the share of all requests that findings of one kind explain.
func (s *ProofSide) lostBy(code string) float64 {
	var lost, sent int64
	for i := range s.runs {
		sent += s.runs[i].Run.Counts.Started
		for _, f := range s.runs[i].Findings {
			if string(f.Code) == code {
				lost += f.Lost
			}
		}
	}
	return ratio(lost, sent)
}

// doubt notes why the runs of a side prove nothing.
func (p *Proof) doubt(s *ProofSide) {
	for i := range s.runs {
		r := &s.runs[i]
		doubts, hints := Distrust(&r.Figures, true)
		if !r.Loss.Event.Known && r.Loss.Event.Err == "" && !r.Run.Interrupted {
			doubts = append(doubts, "no event was seen: nothing was done to the target")
		}
		if unseen, hint := Unseen(&r.Figures); unseen != "" && r.Run.Counts.Lost == 0 {
			doubts, hints = append(doubts, unseen), append(hints, hint)
		}
		for _, d := range doubts {
			p.Doubts = append(p.Doubts, prefix(r.Run)+d)
		}
		p.Hints = append(p.Hints, hints...)
	}
}

func (p *Proof) judge(unfinished string, round *record.ProofRound) record.ProofOutcome {
	if unfinished != "" {
		p.Doubts = append(p.Doubts, unfinished)
	}
	p.doubt(&p.Before)
	p.doubt(&p.After)
	untried := slices.IndexFunc(p.Rounds, func(r record.ProofRound) bool { return r.Variant == "" })
	switch {
	case len(p.Before.Lost) == 0:
		p.Doubts = append(p.Doubts, cmp.Or(p.Stopped, "the event did not run"))
	case p.Before.lostIn() == 0:
		p.Doubts = append(p.Doubts, "nothing was lost, so there is nothing to fix")
	case round == nil && untried >= 0:
		p.Doubts = append(p.Doubts, fmt.Sprintf("%s was not tried: %s", p.Rounds[untried].Change, cmp.Or(p.Stopped, "interrupted")))
	case round != nil && len(p.After.Lost) == 0:
		p.Doubts = append(p.Doubts, fmt.Sprintf("there is no run with %s", round.Change))
	case round != nil && round.Outcome == "" && p.Interrupted:
		p.Doubts = append(p.Doubts, fmt.Sprintf("interrupted before %s was compared", round.Change))
	case round != nil && p.After.lostIn() == 0 && byChance(&p.Before, &p.After):
		p.Doubts = append(p.Doubts, fmt.Sprintf("chance explains that none were lost with %s: only %d of %d runs before lost any", round.Change, p.Before.lostIn(), len(p.Before.Lost)))
		p.Hints = append(p.Hints, "raise --repeat")
	}
	switch {
	case len(p.Doubts) > 0:
		return record.CannotTell
	case round == nil:
		return record.NoChange
	}
	return compareSides(&p.Before, &p.After, round.Code)
}

// much is by how much single runs must differ before it counts: what an event
// loses easily varies by a factor of two or three from run to run.
const much = 4

// byChance reports that the runs do not show that a change after which nothing was
// lost made a difference: too few runs before it lost anything.
func byChance(before, after *ProofSide) bool {
	if p, tested := compare.Differ(before.ratios(), after.ratios()); tested {
		return p >= compare.Alpha
	}
	return before.lostIn() < len(before.Lost)
}

// compareSides says whether less was lost after a change than before it. Where
// there are enough runs for a test over them, that decides; where there are not,
// the losses must differ much, or those of the cause that the change is about.
func compareSides(before, after *ProofSide, code string) record.ProofOutcome {
	if after.lostIn() == 0 {
		return record.Fixed
	}
	from, to := before.ratios(), after.ratios()
	less, more := slices.Max(to) < slices.Min(from), slices.Min(to) > slices.Max(from)
	if p, tested := compare.Differ(from, to); tested {
		switch {
		case p >= compare.Alpha:
			return record.NoChange
		case mean(to) < mean(from):
			return record.Better
		}
		return record.Worse
	}
	switch {
	case slices.Max(to)*much <= slices.Min(from), less && after.lostBy(code)*much <= before.lostBy(code):
		return record.Better
	case more && slices.Min(to) >= slices.Max(from)*much:
		return record.Worse
	}
	return record.NoChange
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum / float64(len(list))
}

var proofVerdicts = map[record.ProofOutcome]check.Outcome{
	record.Fixed: check.Pass, record.Better: check.Fail, record.NoChange: check.Fail, record.Worse: check.Fail, record.CannotTell: check.Inconclusive,
}

// Verdict is that of the whole report.
func (p *Proof) Verdict() Verdict {
	v := Verdict{Outcome: proofVerdicts[p.Outcome], Sentence: p.Sentence()}
	if p.Outcome == record.CannotTell {
		v.Reasons = p.Doubts
	}
	v.hint(p.Hints...)
	return v
}

// Sentence says on one line whether it is fixed, what was lost before, and what
// with the change.
func (p *Proof) Sentence() string {
	text := string(p.Outcome) + ": "
	if p.Outcome == record.CannotTell {
		text += p.Doubts[0]
		if p.Before.lostIn() > 0 {
			text += "; " + p.Before.text() + " as it is"
		}
		return text + p.where()
	}
	text += p.Before.text()
	if len(p.After.Lost) > 0 {
		text += " before; with " + p.Change + " " + p.After.text()
	}
	switch {
	case p.Outcome == record.Fixed:
	case p.Stopped != "":
		text += "; " + p.Stopped
	case p.Interrupted:
		text += "; interrupted"
	}
	return text + p.where()
}

// Patch returns the change that helped or, if none was tried, the one that could
// not be made. It is "" where there is no file to apply.
func (p *Proof) Patch() string {
	best, tried := lastRounds(p.Proof)
	switch {
	case best != nil:
		return best.Patch
	case tried == nil && len(p.Rounds) > 0:
		return p.Rounds[0].Patch
	}
	return ""
}

// where says what became of the patch.
func (p *Proof) where() string {
	text := ""
	if p.Kept {
		text += "; kept"
	}
	if p.File != "" && p.Patch() != "" {
		text += "; patch in " + p.File
	}
	return text
}

// text says what a side lost, of single runs also for how long.
func (s *ProofSide) text() string {
	n := int64(len(s.Lost))
	sent := phrase.Number(slices.Max(s.Sent))
	switch {
	case n == 1 && s.Lost[0] == 0:
		return "none of " + sent
	case n == 1:
		return fmt.Sprintf("%s of %s lost in %s", phrase.Number(s.Lost[0]), sent, phrase.Duration(s.Outage[0]))
	case s.lostIn() == 0:
		return fmt.Sprintf("none of %s in each of %s", phrase.Number(slices.Min(s.Sent)), phrase.Counted(n, "run", "runs"))
	}
	lost := phrase.Number(slices.Min(s.Lost))
	if most := phrase.Number(slices.Max(s.Lost)); most != lost {
		lost += "–" + most
	}
	return fmt.Sprintf("%s of %s lost in %d of %s", lost, sent, s.lostIn(), phrase.Counted(n, "run", "runs"))
}
