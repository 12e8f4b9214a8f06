package compare

import (
	"fmt"
	"slices"

	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// notes says how far the evidence reaches.
func (c *Change) notes() []string {
	var list []string
	n, m, need := len(c.Base.Runs), len(c.New.Runs), enoughRuns(c.Level())
	enough := fmt.Sprintf("at least %d + %d alternating runs are needed", need, need)
	switch {
	case !c.Repeated:
		list = append(list, "one run of each: any change may be chance; "+enough+" to tell")
	case leastP(n, m) >= c.Level():
		list = append(list, fmt.Sprintf("%d + %d runs are too few: even the clearest difference would have p = %s; %s", n, m, PValue(leastP(n, m)), enough))
	default:
		list = append(list, "p is adjusted for multiple tests (loss and speed rows separately), except for lost, on which the verdict rests")
	}
	if c.Repeated && c.beside > 0 {
		list = append(list, fmt.Sprintf("%d streams are tested: in each of them, a change in lost needs p below %s", 1+c.beside, PValue(c.Level())))
	}
	for _, arm := range []*Arm{&c.Base, &c.New} {
		list = append(list, arm.zeroNotes()...)
	}
	if c.Repeated && c.inSequence() {
		list = append(list, "all runs of one arm were made before those of the other: the change includes whatever else changed over time")
	}
	return list
}

// zeroNotes says what a result without losses cannot rule out, with 95 %
// confidence.
func (a *Arm) zeroNotes() []string {
	if len(a.Runs) == 0 || a.LostRuns() > 0 {
		return nil
	}
	bound := 0.0
	for _, run := range a.Runs {
		bound = max(bound, run.Loss.Limits.UpperBound)
	}
	r := len(a.Runs)
	of := "its run"
	if r > 1 {
		of = "a run"
	}
	return []string{
		fmt.Sprintf("%s: 0 lost, but the loss ratio of %s may be up to %s (95 %% confidence)", a.Name, of, phrase.Percentage(bound)),
		fmt.Sprintf("%s: 0 lost in %s, but up to %s of such runs may lose requests", a.Name, phrase.Counted(int64(r), "run", "runs"), phrase.Percentage(analysis.BoundOfNone(int64(r)))),
	}
}

// inSequence reports whether all runs of one arm began before those of the
// other.
func (c *Change) inSequence() bool {
	order := func(a, b ArmRun) int { return a.Run.StartedAt.Compare(b.Run.StartedAt) }
	before := func(a, b []ArmRun) bool { return order(slices.MaxFunc(a, order), slices.MinFunc(b, order)) < 0 }
	return before(c.Base.Runs, c.New.Runs) || before(c.New.Runs, c.Base.Runs)
}
