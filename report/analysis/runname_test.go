package analysis

import (
	"testing"

	"nodrop/loadgen/record"
)

func TestLabels(t *testing.T) {
	for want, run := range map[string]record.Run{
		"":                {},
		"graceful":        {Variant: "graceful"},
		"graceful/new":    {Variant: "graceful", Stream: "new"},
		"graceful/new #3": {Variant: "graceful", Stream: "new", Repetition: 3},
		"load/new":        {Stream: "new"},
		"load #2":         {Repetition: 2},
	} {
		if got := RunName(&run); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}
