// Package h2fault is a server that speaks HTTP/2, in cleartext with prior
// knowledge or over TLS with ALPN, makes every fault that an HTTP/2 client can
// meet, and counts what became of every stream.
//
//	accept → (handshake) → preface → Plan draws a conduct → SETTINGS
//	HEADERS → Plan draws a Kind → body → script → fate → bytes
//
// It follows the rules of package faultserver. What is different is that a
// fault may hit many streams:
//
//   - A stream has one [Fate], and it is counted before the first byte, FIN or
//     RST that shows it.
//   - A fault of a stream leaves its neighbours alone.
//   - A fault of a connection waits until several requests have been read whole
//     ([Plan.Gather]), so that it hits them, and takes the connection: those
//     streams and all later ones of the connection are counted under its kind.
//     It does not wait long, so that it hits the last few requests of a load,
//     too.
//   - After GOAWAY, FIN or a malformed frame, the server reads until the client
//     closes, and gives every stream that the client opens its fate. After
//     GOAWAY it asks with a PING when the client has read it: streams opened
//     before the acknowledgement were in flight, later ones are the client's
//     mistake.
//   - The client is watched, too: its windows, the limit of open streams, ids.
//
// Its own frames are made by x/net's Framer and hpack; what is malformed is
// written byte by byte.
//
// To add a fault: a constant and a row in kind.go. The row has what a client
// must say, and so every test that goes over [Kinds] tests it.
package h2fault
