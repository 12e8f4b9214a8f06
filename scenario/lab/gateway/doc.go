// Package gateway knows the gateways that a fleet may run: this program, and those
// that are installed.
//
// The pipeline: a name → a Gateway → for one replica's Site, arguments and files to
// start it with → what it is told, waits for and is signalled, in each way to stop.
//
// The invariant: a gateway is a file and a row of All; it is told its pre-stop delay,
// never the propagation, and starts no process itself.
package gateway
