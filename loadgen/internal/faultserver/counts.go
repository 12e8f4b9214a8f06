package faultserver

// Count is a number of requests, split by their position on the connection.
type Count struct {
	Fresh  int64 // the first request on its connection
	Reused int64 // any later one
}

// Counts is what the server did. Requests is the sum over ByKind; AfterFIN,
// Incomplete and Malformed are in neither.
//
// No server can count one thing: after OKThenRST, a request that the client
// wrote before the RST reached it. It is discarded unread with the socket, or
// finds no socket at all. There is at most one for each OKThenRST, and for the
// client it is a reset on a reused connection.
type Counts struct {
	Connections int64          // accepted
	Requests    int64          // read whole, or up to the end of the head if the kind responds at that point
	ByKind      map[Kind]Count // requests by kind; kinds without requests are absent

	// AfterFIN counts requests that were read whole on a connection after the
	// server's FIN: the client wrote before it had seen the FIN. They get no
	// response, and the connection is closed.
	AfterFIN int64

	Incomplete int64 // begun, but the connection ended before the request did
	Malformed  int64 // not delimited in a way that this server knows; the connection gets a FIN
	Unasked    int64 // bytes of bodies that came after an early response and its FIN
	Failed     int64 // of Requests and Handshakes: the client was gone before the script ended

	// Handshakes counts the handshakes whose ClientHello was read, by fault;
	// nil in cleartext. A handshake without a fault may still fail because of
	// the client.
	Handshakes map[HandshakeFault]int64
}
