package errorpage

import (
	"strings"
	"testing"

	"nodrop/report/analysis"
	"nodrop/report/analysis/errorshape"
)

// TestDeparture: the text says which mark it was, in the words of that mark.
func TestDeparture(t *testing.T) {
	for want, g := range map[string]errorshape.Group{
		"gw-1 got its stop signal at 2.000 s; errors came from 2.500 s to 3.000 s, until 1.000 s after that": {Basis: errorshape.Marks, Signal: true, Mark: 2e9},
		"gw-1 began to terminate at 2.000 s; errors came from 2.500 s to 3.000 s, until 1.000 s after that":  {Basis: errorshape.Marks, Mark: 2e9},
		"an endpoint behind the same address began to terminate at 2.000 s; errors came":                     {Basis: errorshape.SharedMarks, Mark: 2e9},
		"an endpoint behind the same address was terminating; errors came":                                   {Basis: errorshape.SharedMarks, Mark: analysis.Unknown},
	} {
		g.First, g.Last = 25e8, 3e9
		if got := Departure(&g, "gw-1"); !strings.HasPrefix(got, want) {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}
