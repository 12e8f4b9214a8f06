package report

import (
	"cmp"
	"fmt"

	"nodrop/loadgen/record"
)

// groupName is the variant of a run and, of several side by side, the stream;
// "" for a plain load.
func groupName(run *record.Run) string {
	if run.Stream == "" {
		return run.Variant
	}
	return cmp.Or(run.Variant, "load") + "/" + run.Stream
}

// runName names a run among all of a recording; "" for a plain load.
func runName(run *record.Run) string {
	if run.Repetition == 0 {
		return groupName(run)
	}
	return fmt.Sprintf("%s #%d", cmp.Or(groupName(run), "load"), run.Repetition)
}
