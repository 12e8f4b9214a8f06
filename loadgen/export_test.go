package loadgen

import "time"

// AwaitContinue has bodies wait so long for the 100 (Continue) that was asked for.
func (l *Load) AwaitContinue(d time.Duration) { l.job.Expect = d }
