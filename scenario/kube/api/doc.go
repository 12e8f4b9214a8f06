// Package api connects to a Kubernetes cluster and reads, changes and awaits
// its objects.
//
// The pipeline: Access (the settings of kubectl) → Cluster (resolves resource
// names as kubectl does) → Object or PodSet → nested maps as in JSON; a
// Patching goes the other way.
//
// The invariants: only the named context, or the one that was current at
// opening, is used; an unreachable API server has neither accepted nor refused
// a request.
package api
