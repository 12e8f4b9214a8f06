// Package loop carries HTTP/1.1 requests over cleartext connections with
// non-blocking sockets and edge-triggered epoll, on Linux.
//
// A Shard is one OS thread with slots, each of which has one request, and at
// most one connection, at a time. A slot goes through
//
//	waiting → connecting → writing → reading → waiting
//
// or from waiting straight to writing when its connection was kept. What a
// request is, when it may start, where it goes and what its end means is up to
// a Driver.
//
//  1. Socket, connect, and the first write without waiting: on a loopback the
//     handshake is done by then, elsewhere the socket becomes writable when it
//     is.
//  2. One epoll_ctl for the connection's life; events come when something
//     changes. An event may be forgotten only once a read came back short or
//     with EAGAIN.
//  3. Read into the Shard's one buffer, parse, tell the Driver. That goes for a
//     response that comes while the request is still being written, too.
//  4. Where the peer is to close first it gets a moment to do so, outside the
//     latency and outside the slot, which goes on; a FIN that was seen along
//     with the last bytes is not read.
//  5. The Shard looks at its own clock once a turn. After a time for which it
//     did not run, deadlines move by that (package stall), and none counts
//     before what has arrived meanwhile is read.
//
// The invariant: the hot path shares nothing and allocates nothing. A Shard's
// state is its thread's alone; what other goroutines want of it they leave
// with its mailbox.
package loop
