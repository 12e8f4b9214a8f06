// Package loadgen sends load to one target and records the fate of every
// request. It prints nothing and knows nothing of reports or scenarios.
//
// The pipeline:
//
//  1. a Config is validated and becomes a Load: request bytes built once,
//     endpoints resolved;
//  2. the Schedule says when each worker's next request is due (pure: no clock
//     inside), the budget hands out the requests that are planned;
//  3. an engine carries them out, one request one attempt, and fills a Result;
//  4. recorder shards count Results exactly and are merged at the end;
//  5. the merged counts, with the marks set meanwhile, are a Run; one or more
//     Runs are a Recording. Sinks write each Result as it is made; a stream of
//     them is read back through the same shards.
//
// An engine gets a Job and knows nothing of Loads. There are two, side by side:
// internal/looper, for what internal/loop can carry, and internal/pool, for
// everything. What they share is in internal/engine; connections, and the classes
// of their errors, are in internal/wire.
//
// -t is the target's time: what passes while nodrop itself does not run does not
// count (package stall). The loop's shards look at their own clocks; the pool
// asks a goroutine that does nothing but look at its. In both, what ends after
// -t because of such a time is client.stalled, and nothing that ends after -t is
// ok.
//
// The invariant, checked at the end of every run with each side counted
// independently:
//
//	planned = started + unsent
//	started = ok + lost + spoiled + aborted
package loadgen
