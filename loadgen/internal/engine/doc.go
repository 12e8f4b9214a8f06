// Package engine is what an engine gets, and what all engines do alike.
//
//  1. A Job says what to carry out: the first Hop, when (Pace), where (Route),
//     how long at most (Limits), what counts as good (Responses), and where to
//     write down what came of it (Ledger).
//  2. A response is looked at (Inspector), booked to the replica that it names
//     (Replicas), and may lead to the next Hop (Job.Redirect).
//  3. What ends otherwise is a Failure, which FailResult puts into a Result.
//
// The invariant: engines do not know of each other. What one cannot carry on it
// hands off (Handoff).
package engine
