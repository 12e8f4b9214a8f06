// Package faultserver is an HTTP/1.1 server over raw TCP, or over TLS, that
// makes every fault that an HTTP/1.1 client can meet, and counts exactly what
// it did.
//
//	accept → (handshake) → head → Plan draws a Kind → body → count → script → ending
//
// Its counts are independent of the client: they are made here, from what the
// server read and decided. Four rules keep them comparable, request by request:
//
//   - A request is counted once it was read whole, and before the first byte,
//     FIN or RST that the client could see.
//   - A FIN is only a FIN: the request was read whole before it, and whatever
//     comes after it is read until the client closes, since close(2) on a
//     socket with unread bytes sends a RST.
//   - A RST is a real one, and it comes after the client's kernel has
//     acknowledged every byte before it, so that the client sees both.
//   - Every connection has one goroutine, and [Server.Close] waits for all of
//     them.
//
// [Refused], [AcceptQueue] and [BlackHole] make the faults that come from the
// kernel before any server reads a byte.
//
// To add a fault: a constant and a row in kind.go, and the result that the
// contract of package loadgen expects of it. The soak test uses it from there.
package faultserver
