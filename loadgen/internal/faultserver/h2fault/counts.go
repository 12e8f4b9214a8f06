package h2fault

import (
	"fmt"

	"golang.org/x/net/http2"
)

// Fate is what became of a stream.
type Fate uint8

// The fates. A stream has exactly one; it is counted when the server decides on
// it, before the first byte that the client could see of it.
const (
	Responded   Fate = iota // a whole response, whatever its status and content
	Unprocessed             // above the last id of a GOAWAY
	Refused                 // RST_STREAM with REFUSED_STREAM
	Reset                   // RST_STREAM with any other code, before the end of the response
	Cut                     // the server closed or reset the connection before the end of the response
	Broken                  // the response, or a frame of the connection, was malformed
	Held                    // no more came until the client gave it up, or closed the connection

	numFates
)

var fateNames = [numFates]string{"responded", "unprocessed", "refused", "reset", "cut", "broken", "held"}

// String returns the fate's name, e.g. "unprocessed".
func (f Fate) String() string {
	if f >= numFates {
		return fmt.Sprintf("fate(%d)", uint8(f))
	}
	return fateNames[f]
}

// Count is a number of streams, split by their position on the connection.
type Count struct {
	Fresh  int64 // the first on its connection: the stream with id 1
	Reused int64 // any later one
}

// Total is the sum.
func (n Count) Total() int64 { return n.Fresh + n.Reused }

// Fates is a number of streams by fate.
type Fates [numFates]Count

// Total is the sum over all fates.
func (f Fates) Total() int64 {
	var sum int64
	for _, n := range f {
		sum += n.Total()
	}
	return sum
}

// Counts is what the server did. Streams is the sum over ByKind; Incomplete is
// not in it.
//
// No server can count one thing: requests that the client wrote before a RST of
// the connection reached it. They are discarded unread with the socket. For the
// client they are resets on a reused connection, and only the kinds that reset
// the connection can have any.
type Counts struct {
	Connections int64
	Opened      int64          // streams whose head was read: at the end, Streams and Incomplete
	Streams     int64          // that have a fate
	ByKind      map[Kind]Fates // kinds without streams are absent

	// Incomplete counts streams that the client reset or left before it had
	// sent the whole request, unless the kind stalls requests.
	Incomplete int64

	GoAways  int64 // GOAWAY frames sent
	InFlight int64 // streams opened above the last id of a GOAWAY, which crossed it
	// Late counts streams that the client opened although it had acknowledged a
	// PING sent after the GOAWAY. A correct client has none.
	Late int64

	ResetBy       map[http2.ErrCode]int64 // RST_STREAM frames sent for streams that are Refused or Reset
	ClientResets  map[http2.ErrCode]int64 // RST_STREAM frames of clients
	ClientGoAways map[http2.ErrCode]int64 // GOAWAY frames of clients

	Pings        int64 // sent, those of the server's own questions included
	PingAcks     int64
	Settings     int64 // sent
	SettingsAcks int64

	Failed     int64    // connections that the client ended before all that was decided was written
	Violations []string // what clients did against RFC 9113, at most ten; a correct client has none
}
