// Package handmark brings marks from outside into a run: from a command beside
// the load, a step or process of a scenario, or any script of the user. It is
// for what nodrop cannot see itself: what a load balancer, a service manager or
// a cloud did to an endpoint, and when.
//
// The pipeline: nodrop mark → Send → a Unix socket in a directory of its own →
// Receiver → Take, which adds the mark to the loads under way → an answer → Send
// returns. Both directions carry one line of JSON with the version of the
// protocol. The time of a mark is when the Receiver has read its line.
//
// The invariants: Send returns no error only if the mark was taken; a peer that
// says nothing, or too much, holds up nobody else; only the user that runs
// nodrop may send marks; the socket and its directory end with the Receiver. Of
// a nodrop that was killed they stay, but nobody answers there, and a later
// nodrop with the same process id replaces them.
//
// To add a kind of mark: a row in kinds (kind.go), and its spellings in
// scenario/file/scenario.schema.json.
package handmark
