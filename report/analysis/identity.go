package analysis

import (
	"fmt"

	"nodrop/loadgen/record"
)

// identityError says which count contradicts the totals.
type identityError struct {
	what      string
	got, want int64
}

func (e *identityError) Error() string {
	return fmt.Sprintf("%s: %d, but the total is %d", e.what, e.got, e.want)
}

// checkOutcomes compares the counts by class, reuse and endpoint, the details
// and the time bins with the totals: a recording whose parts disagree cannot be
// trusted.
func checkOutcomes(run *record.Run) error {
	var byFate record.Counts
	for _, o := range run.Outcomes {
		switch o.Fate {
		case record.FateOK.String():
			byFate.OK += o.Count
		case record.FateLost.String():
			byFate.Lost += o.Count
		case record.FateSpoiled.String():
			byFate.Spoiled += o.Count
		case record.FateAborted.String():
			byFate.Aborted += o.Count
		}
	}
	var binned record.Counts
	for i := range run.Bins.List {
		b := &run.Bins.List[i]
		binned.Started += b.Started
		binned.OK += b.OK + b.TurnedAway
		binned.Lost += b.LostCount()
		binned.Spoiled += b.Spoiled
		binned.Aborted += b.Aborted
	}
	c := run.Counts
	for _, pair := range []struct {
		what      string
		got, want int64
	}{
		{"ok by endpoint", byFate.OK, c.OK},
		{"lost by class", byFate.Lost, c.Lost},
		{"spoiled by class", byFate.Spoiled, c.Spoiled},
		{"aborted by endpoint", byFate.Aborted, c.Aborted},
		{"started over time", binned.Started, c.Started},
		{"ok over time", binned.OK, c.OK},
		{"lost over time", binned.Lost, c.Lost},
		{"spoiled over time", binned.Spoiled, c.Spoiled},
		{"aborted over time", binned.Aborted, c.Aborted},
		{"lost requests listed", int64(len(run.Lost)) + run.LostUnlisted, c.Lost},
	} {
		if pair.got != pair.want {
			return &identityError{pair.what, pair.got, pair.want}
		}
	}
	return nil
}
