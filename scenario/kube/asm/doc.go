// Package asm has the rules of ASM (Alibaba Cloud Service Mesh) for its
// IstioGateway: how each version enables graceful shutdown, and within which limits.
//
// The pipeline: a version, from a name or a proxy's image → a patch, or an
// error about a drain timeout or a manifest.
//
// The invariant: it sends no request to a cluster, and the rules follow ASM's
// documentation.
package asm
