// Package lab runs a gateway fleet on this machine, N replicas and one backend
// as real child processes, and takes replicas through their whole lifecycle.
// Package gateway describes the gateways; package dataplane has the table that
// distributes new connections over the replicas; package backend is the server
// behind them.
//
// The pipeline:
//
//  1. Start runs the calling program again, once per child, with a hidden first
//     argument that Main understands: the backend, the replicas. Package proc
//     keeps these processes, with its guardian.
//  2. Each child picks a free port, listens, and writes "ready ADDR" to stdout.
//  3. The balancer gives the addresses of replicas to the dialer.
//  4. Scale removes replicas as a control plane does: terminating, pre-stop
//     delay, signal, listener closed, exit. Independently, the balancer removes
//     the endpoints after the propagation delay. The caller gets every step as
//     a Moment.
//  5. Stop ends what is left.
//
// The invariant: a replica knows only its own pre-stop delay, never the
// propagation delay; every refusal comes from the kernel; no process outlives
// the lab.
//
// The lab keeps no statistics and sends no load.
package lab
