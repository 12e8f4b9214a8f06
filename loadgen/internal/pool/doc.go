// Package pool is the engine that works everywhere and for everything: one
// goroutine for each worker.
//
//  1. A worker waits for its turn, takes a request from the budget and has its
//     exchange carry it out: connect if the last connection was not kept, send,
//     read; and so on for each redirect.
//  2. A response that comes while its request is still being written is read
//     meanwhile, by a goroutine of its own.
//  3. A connection that the peer is to close first leaves its worker, which goes
//     on.
//  4. A deadline that has passed while nodrop did not run is moved by that time.
//
// The invariant: an exchange owns its connection, and nothing is sent twice.
package pool
