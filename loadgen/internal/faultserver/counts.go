package faultserver

// Count is a number of requests, split by what their connection had carried.
type Count struct {
	Fresh  int64 // the first request on its connection
	Reused int64 // any later one
}

// Counts is what the server did. Requests is the sum over ByKind; AfterFIN,
// Incomplete and Malformed are in neither.
//
// One thing no server can count: after OKThenRST, a request the client wrote
// before the RST reached it. It is thrown away unread with the socket, or meets
// no socket at all. There is at most one for each OKThenRST, and to the client
// it is a reset on a reused connection.
type Counts struct {
	Connections int64          // accepted
	Requests    int64          // read whole, or up to the end of the head if that is when the kind answers
	ByKind      map[Kind]Count // requests that got this kind; kinds that none got are absent

	// AfterFIN counts requests read whole on a connection whose FIN the server
	// had sent: the client wrote before it had seen it. They are not answered,
	// and the connection is closed.
	AfterFIN int64

	Incomplete int64 // begun, but the connection ended before the request did
	Malformed  int64 // not delimited in a way this server knows; met with a FIN
	Unasked    int64 // bytes of bodies that came after the response to their head, and its FIN
	Failed     int64 // of Requests and Handshakes: the client was gone before the kind was carried out to its end

	// Handshakes counts those whose ClientHello was read, by what they met; nil
	// in cleartext. A handshake without a fault may yet fail by the client's
	// doing.
	Handshakes map[HandshakeFault]int64
}
