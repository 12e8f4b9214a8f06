package loadgen

import "time"

// AwaitContinue sets how long bodies wait for the requested 100 (Continue).
func (l *Load) AwaitContinue(d time.Duration) { l.job.Expect = d }
