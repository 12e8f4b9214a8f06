// Package kube changes objects of a Kubernetes cluster and restores them.
//
// The pipeline: a row of verbs and the settings of a scenario → an action;
// Prepare adds what the actions need before them → Preflight finds what would
// make them fail → each acts through package api, with a patch that remembers
// each value before and after. Package watch marks pod and endpoint events;
// package asm has the rules of one product.
//
// The invariants: an action is a file and, where a scenario can use it, a row
// of verbs; no other code depends on which action it is; a value is restored
// only if nobody has changed it since.
package kube
