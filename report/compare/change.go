// Package compare sets runs side by side: the arms of a comparison, the change
// of each figure, and what chance alone can explain.
//
// Changes takes the recordings of two arms, Groups the runs of one recording.
// The unit of evidence is the run: requests of several runs are never pooled,
// because requests of a run are lost together. The report judges the changes.
package compare

import (
	"slices"
)

// Change sets the runs of two arms side by side.
type Change struct {
	Stream    string // "" if there is only one stream
	Base, New Arm
	Repeated  bool // an arm has several runs, so there are medians and a test over runs
	Rows      []ChangeRow
	Warnings  []string // why the arms may not be comparable
	Notes     []string

	// beside is the number of other streams tested for the same question. The
	// more there are, the smaller p must be to show a change in one of them.
	beside int
}

// Level is the significance level for the verdict: alpha divided by the number
// of streams (Bonferroni).
func (c *Change) Level() float64 { return Alpha / float64(1+c.beside) }

// Weak reports that the runs are too few to test anything: even the clearest
// difference would not be significant.
func (c *Change) Weak() bool { return leastP(len(c.Base.Runs), len(c.New.Runs)) >= Alpha }

// Changes sets two arms side by side, stream by stream. Both arms must have the
// same streams. variant selects a variant; it may be "" if the recordings hold
// only one.
func Changes(base, next []Saved, variant string) ([]*Change, error) {
	from, err := newArm("base", base, variant)
	if err != nil {
		return nil, err
	}
	to, err := newArm("new", next, variant)
	if err != nil {
		return nil, err
	}
	streams, err := commonStreams(&from, &to)
	if err != nil {
		return nil, err
	}
	var list []*Change
	for _, stream := range streams {
		c := &Change{Stream: stream, Base: from.of(stream), New: to.of(stream), beside: len(streams) - 1}
		c.Repeated = len(c.Base.Runs)+len(c.New.Runs) > 2
		c.Rows = c.rows()
		c.Warnings = c.warnings()
		c.Notes = c.notes()
		list = append(list, c)
	}
	return list, nil
}

// All lists the runs of both arms.
func (c *Change) All() []ArmRun { return slices.Concat(c.Base.Runs, c.New.Runs) }
