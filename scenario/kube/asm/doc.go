// Package asm has the rules of ASM (Alibaba Cloud Service Mesh) for its
// IstioGateway: how each version turns graceful shutdown on, and within which
// bounds.
//
// The pipeline: a version, read from a name or a proxy's image → a patch, or what is
// wrong with a drain timeout or a manifest.
//
// The invariant: it asks no cluster, and the rules are those of ASM's documents.
package asm
