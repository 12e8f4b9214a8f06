package report

import (
	"nodrop/loadgen/record"
)

// Figures is what was computed from one run.
type Figures struct {
	Run     *record.Run
	Summary Summary
	Loss    Loss
}

// figuresOf computes them.
func figuresOf(run *record.Run) Figures { return Figures{run, summarize(run), findLoss(run)} }
