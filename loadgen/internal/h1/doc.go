// Package h1 is HTTP/1.1 on the wire: bytes in, bytes out. It has no notion of
// load, clock, goroutine or socket.
//
//  1. Request.Validate rejects values that would break out of their line.
//  2. Request.Append builds the bytes of a request once; they are sent many
//     times.
//  3. Parser.Feed takes the bytes of one response in pieces of any size.
//     Parser.EOF takes the end of the stream; Parser.Cut takes an end that
//     proves nothing.
//  4. The Parser reports how far the response got, whether it is whole, and
//     whether the connection may carry another request.
//
// The invariant: what a Parser reports depends on the bytes alone, never on
// where they were split, except for how much of an offending line an error
// quotes. Bytes that cannot begin a line are malformed at once, because a peer
// that speaks another protocol may never send the line's end. A reused Parser
// allocates nothing.
//
// # What is accepted
//
// The grammar is that of RFC 9112. Where the RFC leaves a choice, the Parser
// does what net/http does, so that counts agree with tools built on it. Where
// net/http accepts nothing, the Parser does what curl does. The tests list the
// remaining differences, each with its reason. The choices:
//
//   - A bare LF ends a line, in the head as inside a chunked body.
//   - Any number of spaces may stand before the status code.
//   - A folded field line (obs-fold) is part of the value before it, joined by
//     one space.
//   - White space before a field's colon is not part of its name, as for a
//     gateway (RFC 9112 §5.1). White space within a name is malformed, as are
//     control bytes other than TAB in a value.
//   - Repeated Content-Lengths, as fields or as a list, must be the same
//     number.
//   - Transfer-Encoding must be "chunked", once; anything else is malformed. In
//     an HTTP/1.0 response it is ignored, as in net/http, and KeepAlive is then
//     false (RFC 9112 §6.1).
//   - Framing fields are checked even if they frame nothing: in a response to
//     HEAD, and in a 1xx, 204 or 304.
package h1
