package cli

import (
	"flag"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/cli/clitest"
	"nodrop/report"
	"nodrop/report/diagnosis"
)

var draws = flag.Int("draws", 1, "how many propagation delays TestAdvice draws")

// TestAdvice follows the recommended remedy: a graceful stop with the pre-stop
// delay of the finding loses nothing, and one with half of it does. The
// propagation delay is random, and so long that the fifth that the remedy adds
// exceeds the pauses of a busy machine. The report sees only the marks.
func TestAdvice(t *testing.T) {
	clitest.NeedsTime(t)
	program := clitest.Build(t)
	lab := func(t *testing.T, args ...string) clitest.Outcome {
		t.Helper()
		return clitest.Run(t, program, append([]string{"lab", "-n", "5000", "-c", "100", "-q", "25", "--settle", "300ms"}, args...)...)
	}
	for range *draws {
		propagation := 1500*time.Millisecond + time.Duration(rand.Int64N(int64(time.Second)))
		t.Run(propagation.String(), func(t *testing.T) {
			p := propagation.String()
			abrupt := lab(t, "--stop", "abrupt", "--propagation", p)
			abrupt.ExpectExit(t, cli.ExitOK)
			f, delay := overlapFinding(t, abrupt)
			if f.Needed < int64(propagation) || f.Confidence != diagnosis.Shown {
				t.Errorf("the finding needs %v (%s); the propagation took %v", time.Duration(f.Needed), f.Confidence, propagation)
			}
			t.Logf("propagation %v: %s; advice %v", propagation, f.Title, delay)

			followed := lab(t, "--stop", "graceful", "--propagation", p, "--pre-stop", delay.String())
			followed.ExpectExit(t, cli.ExitOK)
			if lost := followed.Variant(t, "graceful").Counts.Lost; lost != 0 {
				t.Errorf("lost %d with the recommended %v; want none", lost, delay)
			}
			half := lab(t, "--stop", "graceful", "--propagation", p, "--pre-stop", (delay / 2).String())
			half.ExpectExit(t, cli.ExitFail)
			if lost := half.Variant(t, "graceful").Counts.Lost; lost == 0 {
				t.Errorf("lost nothing with half of the recommended %v", delay)
			}
		})
	}
}

// overlapFinding returns the finding of an abrupt run, and the delay in its
// remedy for the lab.
func overlapFinding(t *testing.T, o clitest.Outcome) (diagnosis.Finding, time.Duration) {
	t.Helper()
	for _, f := range report.Build(o.Recording).Runs[0].Findings {
		if f.Rule != "listener-closed-before-removal" {
			continue
		}
		for _, r := range f.Remedies {
			if _, text, ok := strings.Cut(r.Setting, "--pre-stop "); ok {
				delay, err := time.ParseDuration(text)
				if err != nil {
					t.Fatal(err)
				}
				return f, delay
			}
		}
	}
	t.Fatal("no finding of listeners that closed before their removal")
	return diagnosis.Finding{}, 0
}
