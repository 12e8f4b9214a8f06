// Package lab is a gateway fleet on this machine: N replicas and one backend as
// real child processes, and the life cycle of a replica that is taken away. Package
// gateway knows what replicas may run, package dataplane has the table that spreads
// new connections over them.
//
// The pipeline:
//
//  1. Start runs the calling program again, once per child, with a hidden first
//     argument that Main understands: the guardian, the backend, the replicas.
//  2. Each child picks a free port, listens, and says "ready ADDR" on stdout.
//  3. The balancer hands the replicas' addresses to whoever dials.
//  4. Scale takes replicas away as a control plane does: terminating, pre-stop
//     delay, signal, listener closed, exit; and, on a clock of its own, the
//     propagation delay after which the balancer drops the endpoints. Every step
//     is handed to the caller as a Moment.
//  5. Stop ends what is left.
//
// The invariant: a replica knows only its own pre-stop delay, never the
// propagation; every refusal comes from the kernel; nothing outlives the lab.
//
// The lab holds no statistics and sends no load.
package lab
