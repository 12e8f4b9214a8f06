// Package analysis computes the figures of one run: hey's summary, what was
// lost and when, and each endpoint's lifecycle from its marks.
//
// The pipeline: Of takes a record.Run. Its requests become a Summary, its
// losses become Failures in time and these become Windows, and its marks become
// Lifecycles and the Event. Analysis never says why requests were lost:
// diagnosis does. It imports only the record and what is below it (baseline
// compares the losses before the event with those after), and the same run
// always gives the same figures.
package analysis

import (
	"nodrop/loadgen/record"
)

// Figures holds everything computed from one run.
type Figures struct {
	Run     *record.Run
	Summary Summary
	Loss    Loss
}

// Of computes the figures of run.
func Of(run *record.Run) Figures { return Figures{run, summarize(run), findLoss(run)} }
