package pool

import (
	"fmt"
	"testing"
)

func TestLongTrace(t *testing.T) {
	const notes = 10_000
	var trace tracer
	for i := range int64(notes) {
		trace.note(i, nil, "step %d", i)
	}
	const half = maxSteps / 2
	for place, want := range map[int]string{
		0:            "step 0",
		half - 1:     fmt.Sprint("step ", half-1),
		half:         fmt.Sprint(notes-maxSteps+1, " steps omitted"),
		half + 1:     fmt.Sprint("step ", notes-half+1),
		maxSteps - 1: fmt.Sprint("step ", notes-1),
	} {
		if got := trace.steps[place].What; got != want || len(trace.steps) != maxSteps {
			t.Errorf("%d steps, %d is %q; want %q", len(trace.steps), place, got, want)
		}
	}
}
