package analysis

import (
	"cmp"
	"fmt"

	"nodrop/loadgen/record"
)

// GroupName is the variant of a run and, of several side by side, the stream;
// "" for a plain load.
func GroupName(run *record.Run) string {
	if run.Stream == "" {
		return run.Variant
	}
	return cmp.Or(run.Variant, "load") + "/" + run.Stream
}

// RunName names a run among all of a recording; "" for a plain load.
func RunName(run *record.Run) string {
	if run.Repetition == 0 {
		return GroupName(run)
	}
	return fmt.Sprintf("%s #%d", cmp.Or(GroupName(run), "load"), run.Repetition)
}
