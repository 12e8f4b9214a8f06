// Package watch marks events of pods and their endpoints.
//
// The pipeline: lists and watches of pods and EndpointSlices → the state of
// each pod → marks.
//
// The invariants: each event of a pod is marked once, however many watches
// include the pod; the time of a mark is when the event arrived here.
package watch
