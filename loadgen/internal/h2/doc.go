// Package h2 is the client's half of one HTTP/2 connection: bytes in, bytes
// out. It has no notion of load, clock, goroutine or socket.
//
//  1. Request.Validate rejects what HTTP/2 cannot carry; Request.Prepare makes
//     what all connections share of a request.
//  2. Conn.Begin starts a connection, Conn.Start a stream. Their bytes, and all
//     others that are due, are Conn.Pending until Conn.Sent says that they left.
//  3. Conn.Feed takes the peer's bytes in pieces of any size. Frames become heads
//     and bodies of Streams; SETTINGS and PING are acknowledged.
//  4. Conn.Ended is called once for each Stream that ends, whole or not.
//     Conn.End ends those that are left when the connection is gone.
//
// The first invariant: every Stream that was started ends once, through Ended
// or through Cancel. The second: what becomes of the Streams, and what is sent,
// depends on the peer's bytes alone, never on where they were split, except for
// how much an error quotes of bytes that are not HTTP/2. A reused Conn
// allocates nothing of its own for a request.
//
// # What is accepted
//
// The grammar is that of RFC 9113. A fault of one response ends its stream
// (§5.4.2); a fault that leaves the state of the connection in doubt ends all of
// them (§5.4.1). Where the RFC leaves a choice, a Conn does what net/http does:
//
//   - Frames for a stream that has ended are ignored, though counted for flow
//     control: they may have been under way when the stream ended.
//   - After a status of 300 or more, the rest of a request's body is not sent.
//   - A body that was not wholly sent when its response ended is given up with
//     RST_STREAM(NO_ERROR).
//   - An acknowledgement of SETTINGS that were not sent ends the connection.
//
// The tests list the remaining differences from net/http, each with its reason.
package h2
