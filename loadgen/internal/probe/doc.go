// Package probe tells the losses of a load apart: when a request is lost, it
// tries the same endpoint on a fresh connection, beside the load.
//
//  1. The recorder hands each lost request to Lost, which passes on the first
//     one of each endpoint that the prober does not watch already.
//  2. Run probes that endpoint at once, and then again until it works, so that
//     the probes bracket the end of an outage. The agenda keeps the limits: 20
//     probes in any second, one in flight for each endpoint.
//  3. A probe connects with the load's settings, TLS included, but resumes the
//     session of the last one unless a handshake has failed. It sends the load's
//     own request only if the method is GET or HEAD.
//
// The invariant: nothing that a probe does is in a count of the load, and a
// request that is not lost costs nothing more because of the prober.
package probe
