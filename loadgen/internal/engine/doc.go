// Package engine defines what an engine is given, and what all engines do
// alike.
//
//  1. A Job says what to carry out: the first Hop, when requests start (Pace),
//     where connections go (Route), what bounds a request (Limits), which
//     responses are good (Responses), and where results are recorded (Ledger).
//  2. A response is checked (Inspector), attributed to the replica that it
//     names (Replicas), and may lead to the next Hop (Job.Redirect).
//  3. Over HTTP/2, a Session is what is said on a connection that requests share,
//     and accounts for them (record/ledger).
//  4. An exchange that ends any other way is a Failure, which FailResult writes
//     to a Result.
//
// The invariant: engines do not know each other. An engine hands off (Handoff)
// the requests that it cannot continue.
package engine
