// Package gateway describes the gateways that a fleet can run: this program,
// and installed ones.
//
// The pipeline: a name → a Gateway → arguments and files to start one replica
// (Site) → requests, waits and signals for each stop mode.
//
// The invariant: a gateway is a file and a row of All; it knows its pre-stop
// delay, never the propagation delay, and the package keeps no process running.
//
// To add a gateway: a file with its configuration and its stop modes, a row in
// All, its program in testdata/setup.sh. TestGateways tests all its stop modes,
// and make gateways measures what it loses.
package gateway
