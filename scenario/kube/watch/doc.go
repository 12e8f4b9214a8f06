// Package watch says by marks what becomes of pods and of their endpoints.
//
// The pipeline: lists and watches of pods and of EndpointSlices → what is known of
// each pod → marks.
//
// The invariants: what happens to a pod is marked once, however many watches list
// it; the time of a mark is when the event arrived here.
package watch
