// Package pool is the engine that works on every system and for every load,
// with one goroutine per worker.
//
//  1. A worker waits for its turn, takes a request from the budget and lets its
//     exchange carry it out: connect if the last connection was not kept, send,
//     read; then the same for each redirect.
//  2. A response that comes while its request is still being written is read
//     meanwhile, on its own goroutine.
//  3. A connection that the peer must close first leaves its worker, which goes
//     on.
//  4. Over HTTP/2, workers share sessions: the first to need one connects; one
//     goroutine reads from it and one writes to it.
//  5. A deadline that passed while nodrop did not run is moved by that time.
//
// The invariant: an exchange owns its connection over HTTP/1.1, and a session its
// own; neither sends anything twice.
package pool
