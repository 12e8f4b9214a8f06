package report

import (
	"testing"

	"nodrop/loadgen"
)

// TestTooSlow: what was asked for stands beside what was sent, and nobody is
// blamed.
func TestTooSlow(t *testing.T) {
	run := func(started, late int64) *loadgen.Run {
		r := &loadgen.Run{Duration: 2_000_000_000, Late: late}
		r.Settings.Rate, r.Settings.Workers, r.Counts.Started = 25, 10, started
		return r
	}
	const slow = "of -q passed unused: the target or this machine was too slow"
	for want, r := range map[string]*loadgen.Run{
		"asked for 250/s, sent 238/s: 24 ticks " + slow: run(476, 24),
		"asked for 250/s, sent 249.5/s: 1 tick " + slow: run(499, 1),
		"12 ticks " + slow: run(501, 12),
		"asked for 250/s, sent 0.5/s: 499 ticks " + slow: run(1, 499),
	} {
		if got := tooSlow(r); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
