// Package looper is the engine of the event loop (package loop): one Shard per
// processor, each with a driver that decides and records for it.
//
// The workers are spread over the Shards as slots. A slot follows redirects on
// the target's host itself. A redirect to another host is handed off, and the
// slot waits until the request is over.
//
// The invariant: a driver belongs to its Shard's thread, shares nothing with
// the other drivers, and allocates nothing for a request.
package looper
