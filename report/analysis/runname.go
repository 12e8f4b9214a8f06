package analysis

import (
	"cmp"
	"fmt"

	"nodrop/loadgen/record"
)

// GroupName returns the variant of a run, with its stream if several ran side
// by side; "" for a plain load.
func GroupName(run *record.Run) string {
	if run.Stream == "" {
		return run.Variant
	}
	return cmp.Or(run.Variant, "load") + "/" + run.Stream
}

// RunName names a run within its recording; "" for a plain load.
func RunName(run *record.Run) string {
	if run.Repetition == 0 {
		return GroupName(run)
	}
	return fmt.Sprintf("%s #%d", cmp.Or(GroupName(run), "load"), run.Repetition)
}
