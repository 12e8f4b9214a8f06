// Package analysis computes what one run says in numbers: hey's summary, what was
// lost and when, and what marks tell of each endpoint's lifecycle.
//
// The pipeline: Of takes a record.Run; its requests become a Summary, its losses
// Failures in time, these Windows, and its marks Lifecycles and the Event. Nothing
// here has an opinion: why requests were lost is the business of diagnosis. It
// imports the record alone, and the same run gives the same figures for ever.
package analysis

import (
	"nodrop/loadgen/record"
)

// Figures is what was computed from one run.
type Figures struct {
	Run     *record.Run
	Summary Summary
	Loss    Loss
}

// Of computes them.
func Of(run *record.Run) Figures { return Figures{run, summarize(run), findLoss(run)} }
