// Package tlsconn is TLS over a non-blocking socket of the event loop: crypto/tls
// above, the socket below, and nothing between them that waits.
//
//  1. A handshake runs in a coroutine (Handshakers). Where the socket has
//     nothing to read, the coroutine yields, and the loop continues it after the
//     next event.
//  2. Once the handshake is done, Read returns ErrWait where the socket has
//     nothing: a temporary error, which crypto/tls does not keep.
//  3. What crypto/tls writes is collected and sent together: the end of the
//     handshake with the first request, and all records of one Send. What the
//     socket does not take is held until it does.
//  4. crypto/tls reads ahead, and does not say how much it holds. A Conn follows
//     the boundaries of records (framing), so that it knows when only an event
//     can announce more (Drained).
//  5. crypto/tls reports io.EOF with and without close_notify. The socket has
//     read a FIN only in the second case (Truncated).
//
// The invariant: a Conn belongs to one thread. Coroutines are created, continued
// and ended on it alone: the Go runtime requires that of a locked thread.
package tlsconn
