// Package looper is the engine of the event loop (package loop): a Shard for each
// processor, with a driver that decides and records for it.
//
// The workers are spread over the Shards as slots. Redirects on the target's host
// are followed in the slot; one that leads elsewhere is handed off, and the slot
// waits until it is over.
//
// The invariant: a driver is its Shard's thread's alone, shares nothing with the
// others, and allocates nothing for a request.
package looper
