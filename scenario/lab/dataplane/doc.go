// Package dataplane holds the table that distributes new connections over a
// fleet's replicas: in this program's dialer, or in the kernel, in the fleet's
// own network namespace.
//
// The pipeline: endpoints added, removed and cut → a Table → the endpoint of
// each new connection; a Bridge connects the namespace to a backend outside.
//
// The invariants: a change to the table is atomic; the namespace and everything
// in it end with its last process.
package dataplane
