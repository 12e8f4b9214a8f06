// Package kube acts on objects of a Kubernetes cluster, tells what the cluster
// made of it, and puts back what was changed.
//
// The pipeline: Access, as kubectl takes it → Cluster, which finds resources by
// the words that kubectl takes for them → an object → a merge patch, whose leaves
// are remembered with what they were and what they became.
//
// The invariants: nothing but the context that was named, or that was current
// when it was opened, is acted on; a leaf is put back only while it is as we left
// it.
package kube
