// Package h1 is HTTP/1.1 on the wire: bytes in, bytes out. It knows no load,
// no clock, no goroutine and no socket.
//
//  1. Request.Validate refuses what would break out of its line.
//  2. Request.Append builds the bytes of a request, once; they are sent many
//     times.
//  3. Parser.Feed takes the bytes of one answer in pieces of any size, and
//     Parser.EOF the end of the stream, or Parser.Cut an end that proves nothing.
//  4. The Parser says how far the response had got, whether it is whole, and
//     whether the connection may carry another request.
//
// The invariant: what a Parser says depends on the bytes alone, never on where
// they were split, but for how much of an offending line an error quotes. What
// cannot begin a line is malformed at once: a peer that speaks another protocol
// may never send the line's end. A reused Parser allocates nothing.
//
// # What is accepted
//
// The grammar is RFC 9112's. Where that leaves a choice, the Parser does what
// net/http does, so that counts agree with tools built on it, or what curl does
// where net/http takes nothing; the remaining differences are a list in the
// tests, each with its reason. The choices:
//
//   - A bare LF ends a line, in the head as inside a chunked body.
//   - Any number of blanks stand before the status.
//   - A folded field line (obs-fold) is part of the value before it, joined by
//     one space.
//   - White space before a field's colon is no part of its name, as a gateway
//     has it (RFC 9112 §5.1). Within a name it is malformed, as are control
//     bytes other than TAB in a value.
//   - Repeated Content-Lengths, as fields or as a list, must be the same number.
//   - Transfer-Encoding is "chunked", once, or malformed. In an HTTP/1.0
//     answer it is ignored, as net/http does, and KeepAlive is then false
//     (RFC 9112 §6.1).
//   - Framing fields are checked even where they frame nothing: a response to
//     HEAD, 1xx, 204, 304.
package h1
