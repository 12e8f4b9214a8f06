// Package api reaches a Kubernetes cluster, and reads, changes and awaits the
// objects in it.
//
// The pipeline: Access, as kubectl takes it → Cluster, which finds resources by the
// words that kubectl takes for them → Object, or PodSet → nested maps as JSON has
// them; a Patching goes the other way.
//
// The invariants: nothing but the context that was named, or that was current when
// it was opened, is reached; an API server that is away has said neither yes nor no.
package api
