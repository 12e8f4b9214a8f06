// Package loadgen sends load to one target and records the outcome of every
// request. It prints nothing and does not depend on reports or scenarios.
//
// The pipeline:
//
//  1. Options, the settings as people write them, become a Config, which is
//     validated and becomes a Load: request bytes are built once, endpoints are
//     resolved. Errors carry the Option; the command line and scenario files put
//     in their own names for it.
//  2. The Schedule says when each worker's next request is due (a pure function
//     without a clock); the budget hands out the planned requests.
//  3. An engine sends them, one attempt per request, and fills a Result for each.
//  4. Recorder shards count Results exactly and are merged at the end.
//  5. The merged counts, with the marks set meanwhile, are a Run; one or more
//     Runs are a Recording. Sinks write each Result when it is complete; a stream
//     of them is read back through the same shards.
//
// An engine gets a Job and knows nothing of Loads. There are two engines:
// internal/looper sends what internal/loop supports, and internal/pool sends
// everything. They share internal/engine; connections, and the classes of their
// errors, are in internal/wire.
//
// -t measures the target's time: time in which nodrop itself does not run does
// not count (package stall). The loop's shards watch their own clocks; the pool
// uses a goroutine that does nothing but watch its clock. In both engines, a
// request that ends after -t because nodrop did not run is client.stalled, and
// no request that ends after -t is ok. The loop does not count the time, either,
// in which it computes TLS handshakes.
//
// The invariant, checked at the end of every run; each side is counted
// independently:
//
//	planned = started + unsent
//	started = ok + lost + spoiled + aborted
//
// To add an engine: the engine interface (engine.go), selected in newEngine; it
// must pass the contract suite (contract_test.go). To add a real server to test
// against: how to start it, and a row in realServers
// (loadgen/cli/servers_test.go); make servers sends 100,000 requests of each kind
// to each, and none may be lost.
package loadgen
