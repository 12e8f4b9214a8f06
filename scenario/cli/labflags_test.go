package cli

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"nodrop/scenario/lab"
)

// TestPaceOnlyWithoutRate checks that a given rate is kept.
func TestPaceOnlyWithoutRate(t *testing.T) {
	for args, want := range map[string]bool{"": true, "-n 500": true, "-q 3": false, "-q 0": false, "-q 25": false, "--at #20000": true} {
		fs := pflag.NewFlagSet("lab", pflag.ContinueOnError)
		v := newLabFlags(fs)
		if err := fs.Parse(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		s, err := v.Scenario(io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		for _, variant := range s.Variants {
			p, paced := variant.Setup[0].(*lab.Pace)
			if paced != want {
				t.Errorf("%q: paced %v; want %v", args, paced, want)
			}
			if paced && p.Count != (args == "") {
				t.Errorf("%q: the number of requests is chosen: %v", args, p.Count)
			}
			if paced && p != s.Variants[0].Setup[0] {
				t.Errorf("%q: variants are measured by themselves", args)
			}
		}
	}
}
