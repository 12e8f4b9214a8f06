// Package observed is what the rules of a diagnosis look at: a run, indexed once
// by endpoint, window and shape, and the evidence of a set of losses.
//
// An Observation never changes once made, so rules may read it in any order. It
// says what happened to which endpoint and when, and blames nobody: causes and
// remedies are the rules'.
package observed
