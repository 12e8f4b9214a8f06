// Package ledger accounts for HTTP/2: what became of connections, and of the
// requests (streams) that shared them.
//
//	Connection (one for each, filled while it lives) → HTTP2.Add → Sum → the HTTP2 of the run
//
// A request that fails over HTTP/2 has a class like any other. The ledger adds
// what no single request knows: how many connections ended under requests, how
// many were lost with each, what the server announced before, and what went on
// after that.
//
// The invariant: an HTTP2 does not depend on how connections were spread over
// several, nor on their order, and takes the same memory for any number of them.
package ledger

import (
	"cmp"
	"fmt"
	"slices"
)

// Protocol is what a connection spoke.
type Protocol uint8

// The protocols.
const (
	H2    Protocol = iota // HTTP/2 over TLS, agreed on by ALPN
	H2C                   // HTTP/2 without TLS, by prior knowledge
	HTTP1                 // HTTP/2 was offered by ALPN, and the server chose HTTP/1.1
)

// Connection is what became of one connection. An engine fills it while the
// connection lives, and hands it over once, when the connection has ended.
type Connection struct {
	Protocol Protocol
	Streams  int64 // opened on it
	Most     int64 // of them, the most that were open at once

	// Of GOAWAY, which a server may send more than once. Times are ns from the
	// run's start.
	Goaway     bool   // the server sent it
	Opened     int64  // when the connection was made
	At         int64  // when the first came
	Code       uint32 // of the last one
	LastStream uint32 // that the last one named; AnyStream if it named none
	TurnedAway int64  // streams above the last that GOAWAY named; not processed
	Finished   int64  // streams whose whole response ended after the first GOAWAY

	Resets Codes // streams that the server reset (RST_STREAM), by code

	// Lost is how many streams were open when the connection ended, and neither
	// turned away nor ended by us; Cause is what ended it, as in their class.
	Lost  int64
	Cause string
}

// AnyStream is the last stream of a GOAWAY that only announces the end: the
// highest number that a stream can have (RFC 9113, 6.8).
const AnyStream = 1<<31 - 1

// HTTP2 accounts for all connections of a run. What is counted is exact.
type HTTP2 struct {
	H2    int64 `json:"h2,omitempty"`    // connections with HTTP/2 over TLS
	H2C   int64 `json:"h2c,omitempty"`   // connections with HTTP/2 without TLS
	HTTP1 int64 `json:"http1,omitempty"` // connections on which the server chose HTTP/1.1

	Streams     int64 `json:"streams"`     // requests sent over HTTP/2; each hop of a redirect chain is one
	MostStreams int64 `json:"mostStreams"` // the most that were open at once on one connection

	Goaway     Codes      `json:"goaway,omitzero"`               // connections on which the server sent GOAWAY, by the code of the last one
	Announced  *Announced `json:"announced,omitempty"`           // when in its life each of them got it; nil = none did
	Turned     int64      `json:"turnedAwayOn,omitempty"`        // of them, those on which GOAWAY came too late for some requests
	TurnedAway int64      `json:"turnedAway,omitempty"`          // those requests; not processed
	Finished   int64      `json:"finishedAfterGoaway,omitempty"` // requests whose whole response ended after GOAWAY

	Resets Codes `json:"resets,omitzero"` // requests whose stream the server reset, by code
	Cuts   []Cut `json:"cuts,omitempty"`  // connections that ended under requests, in order of cause, those with GOAWAY last
}

// Announced says how old connections were when GOAWAY came, and how much they
// had carried: a server that limits either closes all of them at the same.
// Times are in ns.
type Announced struct {
	First    int64 `json:"firstNs"` // GOAWAY of the run, from its start
	Last     int64 `json:"lastNs"`
	Youngest int64 `json:"youngestNs"` // age of the connection
	Oldest   int64 `json:"oldestNs"`
	// Of those whose GOAWAY named a last stream: how many there were, and the
	// fewest and the most streams up to it. The server has carried out no others.
	Named  int64 `json:"named,omitempty"`
	Fewest int64 `json:"fewestStreams,omitempty"`
	Most   int64 `json:"mostStreams,omitempty"`
}

func announced(c *Connection) Announced {
	a := Announced{First: c.At, Last: c.At, Youngest: c.At - c.Opened, Oldest: c.At - c.Opened}
	if c.LastStream != AnyStream {
		n := (int64(c.LastStream) + 1) / 2 // clients use the odd numbers
		a.Named, a.Fewest, a.Most = 1, n, n
	}
	return a
}

// announce adds b, which may be of a run that began offset ns later.
func (h *HTTP2) announce(b Announced, offset int64) {
	b.First, b.Last = b.First+offset, b.Last+offset
	a := h.Announced
	if a == nil {
		h.Announced = new(b)
		return
	}
	a.First, a.Last = min(a.First, b.First), max(a.Last, b.Last)
	a.Youngest, a.Oldest = min(a.Youngest, b.Youngest), max(a.Oldest, b.Oldest)
	switch {
	case b.Named == 0:
	case a.Named == 0:
		a.Fewest, a.Most = b.Fewest, b.Most
	default:
		a.Fewest, a.Most = min(a.Fewest, b.Fewest), max(a.Most, b.Most)
	}
	a.Named += b.Named
}

// Cut counts connections that ended under requests in one way.
type Cut struct {
	Cause       string `json:"cause"`            // of the class of those requests
	Goaway      bool   `json:"goaway,omitempty"` // the server had sent GOAWAY before
	Connections int64  `json:"connections"`
	Streams     int64  `json:"streams"`   // requests lost with them
	Most        int64  `json:"mostOnOne"` // the most lost with one connection
}

// maxCuts bounds a list that is read from a file: there are fewer causes.
const maxCuts = 64

// Add counts one connection that has ended.
func (h *HTTP2) Add(c *Connection) {
	switch c.Protocol {
	case H2:
		h.H2++
	case H2C:
		h.H2C++
	case HTTP1:
		h.HTTP1++
		return
	}
	h.Streams += c.Streams
	h.MostStreams = max(h.MostStreams, c.Most)
	if c.Goaway {
		h.Goaway.Count(c.Code)
		h.TurnedAway += c.TurnedAway
		h.Finished += c.Finished
		h.announce(announced(c), 0)
	}
	if c.TurnedAway > 0 {
		h.Turned++
	}
	h.Resets.add(&c.Resets)
	if c.Lost > 0 {
		h.addCut(Cut{c.Cause, c.Goaway, 1, c.Lost, c.Lost})
	}
}

func (h *HTTP2) addCut(c Cut) {
	i, found := slices.BinarySearchFunc(h.Cuts, c, compareCuts)
	if !found {
		h.Cuts = slices.Insert(h.Cuts, i, c)
		return
	}
	at := &h.Cuts[i]
	at.Connections += c.Connections
	at.Streams += c.Streams
	at.Most = max(at.Most, c.Most)
}

func compareCuts(a, b Cut) int {
	number := func(goaway bool) int {
		if goaway {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.Cause, b.Cause), number(a.Goaway)-number(b.Goaway))
}

// Connections is the number of connections that spoke HTTP/2.
func (h *HTTP2) Connections() int64 { return h.H2 + h.H2C }

// Lost counts the connections that ended under requests, and the requests lost
// with them: those that had sent GOAWAY before, or those that had not.
func (h *HTTP2) Lost(goaway bool) (connections, streams int64) {
	for _, c := range h.Cuts {
		if c.Goaway == goaway {
			connections, streams = connections+c.Connections, streams+c.Streams
		}
	}
	return connections, streams
}

// Sum adds b to a, which may be nil, and leaves b as it is. b's run began offset
// ns later. The sum of nothing is nil.
func Sum(a, b *HTTP2, offset int64) *HTTP2 {
	if b == nil || b.Connections()+b.HTTP1 == 0 {
		return a
	}
	if a == nil {
		a = &HTTP2{}
	}
	a.H2, a.H2C, a.HTTP1 = a.H2+b.H2, a.H2C+b.H2C, a.HTTP1+b.HTTP1
	a.Streams, a.MostStreams = a.Streams+b.Streams, max(a.MostStreams, b.MostStreams)
	a.Turned, a.TurnedAway, a.Finished = a.Turned+b.Turned, a.TurnedAway+b.TurnedAway, a.Finished+b.Finished
	a.Goaway.add(&b.Goaway)
	if b.Announced != nil {
		a.announce(*b.Announced, offset)
	}
	a.Resets.add(&b.Resets)
	for _, c := range b.Cuts {
		a.addCut(c)
	}
	return a
}

// Validate checks what reports rely on in a ledger that was read from a file.
func (h *HTTP2) Validate(maxCount, maxTime int64) error {
	if h == nil {
		return nil
	}
	counts := []int64{h.H2, h.H2C, h.HTTP1, h.Streams, h.MostStreams, h.Turned, h.TurnedAway, h.Finished}
	counts = append(append(counts, h.Goaway[:]...), h.Resets[:]...)
	for _, c := range h.Cuts {
		counts = append(counts, c.Connections, c.Streams, c.Most)
	}
	for _, n := range counts {
		if n < 0 || n > maxCount {
			return fmt.Errorf("http2: %d is not between 0 and %d", n, maxCount)
		}
	}
	if a := h.Announced; a != nil {
		for _, ns := range [...]int64{a.First, a.Last - a.First, a.Youngest, a.Oldest - a.Youngest, a.Last, a.Oldest, a.Named, a.Fewest, a.Most - a.Fewest, a.Most} {
			if ns < 0 || ns > maxTime {
				return fmt.Errorf("http2: announced: %d is not between 0 and %d", ns, maxTime)
			}
		}
	}
	switch {
	case len(h.Cuts) > maxCuts:
		return fmt.Errorf("http2: more than %d kinds of cuts", maxCuts)
	case !slices.IsSortedFunc(h.Cuts, compareCuts):
		return fmt.Errorf("http2: cuts are not in order")
	}
	return nil
}
