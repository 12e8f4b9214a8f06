package loadgen

import "context"

// engine carries a load out: it owns its connections, takes requests from the
// load's budget when the schedule lets it, and records a Result for each.
type engine interface {
	// run returns when the budget is over and nothing is in flight.
	run(ctx context.Context)
	// abort ends what is in flight; those requests are counted as aborted.
	abort()
}

// newEngine chooses the engine. The one there is works everywhere.
func newEngine(l *Load) engine { return newPool(l) }
