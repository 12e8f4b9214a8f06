// Package compare sets runs side by side: the arms of a comparison, their change
// figure by figure, and what chance alone may explain.
//
// Changes takes recordings of two arms, Groups the runs of one recording. The unit of
// evidence is the run: requests of several runs are never pooled, since they are lost
// together. What follows from a change is for the report to judge.
package compare

import (
	"slices"
)

// Change sets the runs of two arms side by side. The unit of evidence is the
// run: requests of several runs are never pooled, since they are lost together.
type Change struct {
	Stream    string // whose runs these are; "" for the only one
	Base, New Arm
	Repeated  bool // an arm has several runs: medians, and a test over runs
	Rows      []ChangeRow
	Warnings  []string // why the arms may not be comparable
	Notes     []string

	// beside is how many other streams are asked the same question: p must be
	// that much smaller for one of them to be told.
	beside int
}

// Level is the p-value below which what the verdict rests on is told: alpha,
// shared by the streams (Bonferroni).
func (c *Change) Level() float64 { return Alpha / float64(1+c.beside) }

// Changes sets two arms side by side, stream by stream. variant chooses among
// those that recordings hold; "" is for recordings of one. Both arms must have the
// same streams.
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
