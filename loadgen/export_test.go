package loadgen

import "time"

// AwaitContinue sets how long bodies wait for the requested 100 (Continue).
func (l *Load) AwaitContinue(d time.Duration) { l.job.Expect = d }

// AwaitProbes sets how long each step of a probe may take, within the load's own
// limits.
func (l *Load) AwaitProbes(d time.Duration) { l.probeWait = d }
