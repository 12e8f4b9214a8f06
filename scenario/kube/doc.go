// Package kube acts on objects of a Kubernetes cluster, and puts back what was
// changed.
//
// The pipeline: a row of verbs and the settings of a scenario → an action; Prepare
// puts before the actions what they need → Preflight finds what would be in the way →
// each acts through package api, by a patch whose leaves are remembered with what
// they were and what they became. Package watch says what becomes of pods; package
// asm has the rules of one product.
//
// The invariants: an action is a file and, where a scenario can ask for it, a row of
// verbs; no code but its own asks which it is; a leaf is put back only while it is as
// we left it.
package kube
