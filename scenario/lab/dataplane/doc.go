// Package dataplane holds the table that spreads new connections over a fleet's
// replicas: in this program's dialer, or in the kernel, in a network namespace of
// the fleet's own.
//
// The pipeline: endpoints added, removed and cut off → a Table → where each new
// connection goes; a Bridge leads from the namespace to a backend outside.
//
// The invariants: a change to the table is one step, which no connection sees half
// done; what is in the namespace goes with its last process.
package dataplane
