// Package wire makes connections and classifies how they fail.
//
//  1. Endpoints choose where the next connection goes: a list, or the addresses
//     of a name as they are looked up. Sources choose where it comes from.
//  2. Dial makes one attempt at one of them. A Proxy opens a tunnel through it.
//     Secure makes the TLS handshake.
//  3. An error, from one of these or later from the connection, becomes a class
//     (Classify), by its type and number and never by its text. It also becomes
//     a text that is the same for equal causes (Reason, ErrorText).
//
// The invariant: one call is one attempt. Nothing here retries, and nothing
// here knows of requests, schedules or loads.
package wire
