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
