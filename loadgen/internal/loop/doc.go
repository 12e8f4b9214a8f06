// Package loop carries requests over HTTP/1.1 and HTTP/2, in cleartext or over
// TLS, with non-blocking sockets and edge-triggered epoll, on Linux.
//
// A Shard is one OS thread with slots. A slot has one request, and at most one
// connection (link), at a time. It goes through these states:
//
//	waiting → connecting → securing → writing → reading → waiting
//
// Over HTTP/2, a slot's request is a stream on a session, which slots share. The
// slot that finds no session with room connects, and gives the connection to a
// new session:
//
//	waiting → (connecting → securing) → joined → streaming → waiting
//
// Without TLS nothing is secured. A slot whose connection was kept goes from
// waiting straight to writing. The Driver decides what a request is, when it may
// start, where it goes and what its end means.
//
//  1. Socket, connect, and the first write happen without waiting. On loopback
//     the handshake is done by then; elsewhere the socket becomes writable when
//     the handshake is done.
//  2. One epoll_ctl serves the whole lifetime of a connection; an event comes
//     when something changes. An event may be forgotten only after a read that
//     came back short or with EAGAIN.
//  3. The Shard reads into its one buffer, parses, and calls the Driver. It
//     does the same for a response that comes while the request is still being
//     written.
//  4. If the peer must close first, it gets a short time to do so. The latency
//     excludes that time, and the slot goes on meanwhile. A FIN that was seen
//     along with the last bytes is not read.
//  5. The Shard reads its clock once per turn. If it did not run for some time,
//     it moves deadlines by that time (package stall), and no deadline passes
//     before the Shard has read what arrived meanwhile.
//  6. TLS is between a link and its socket (package tlsconn). Handshakes have a
//     line of their own: each takes as long as many responses, so a turn
//     computes them for a short time only. That time is nodrop's own: it moves
//     deadlines, too (lag).
//  7. Over TLS, what arrives between responses may be a session ticket: only
//     reading it tells whether a connection is stale. What crypto/tls has read
//     ahead makes no event; a slot reads on until its link is drained.
//  8. What sessions have to say (requests, acknowledgements) is sent once a turn.
//     Slots that wait for a connection which ends look for the next one first.
//
// The invariant: the hot path shares nothing and allocates nothing; over TLS,
// crypto/tls allocates 24 bytes for each read. A Shard's state belongs to its
// thread alone; other goroutines leave commands in its mailbox.
package loop
