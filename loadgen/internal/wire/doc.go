// Package wire makes connections and says what became of them.
//
//  1. Endpoints choose where the next connection goes: a list, or the addresses
//     of a name as they are looked up; Sources, where it comes from.
//  2. Dial makes one attempt at one of them. A Proxy opens a tunnel through it,
//     Secure makes the TLS handshake.
//  3. An error, from whichever of them or from the connection later, becomes a
//     class (Classify), by its type and number and never by its words; and words
//     that are the same for equal causes (Reason, ErrorText).
//
// The invariant: one call is one attempt. Nothing here tries again, and nothing
// here knows of requests, schedules or loads.
package wire
