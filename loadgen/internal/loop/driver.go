//go:build linux

package loop

import (
	"errors"
	"net"
	"net/netip"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/h2"
	"nodrop/loadgen/internal/loop/tlsconn"
	"nodrop/loadgen/internal/stall"
	"nodrop/loadgen/record/ledger"
)

// Driver makes a Shard's decisions and records what happens. All calls come
// from the Shard's thread and must not block. Times are in ns from the run's
// start.
type Driver interface {
	// First returns when slot may start its first request.
	First(slot int) int64
	// Again returns when a slot that is free at now may start its next request;
	// its last one was due at due.
	Again(due, now int64) int64
	// Start reports whether a request may start at now. Once it has returned
	// false, no more requests start.
	Start(now int64) bool
	// Next returns where x's next connection goes and which local address it
	// comes from; nil lets the system choose. It sets x.Endpoint.
	Next(x *Exchange) (to, from *Address, err error)
	// Connected is called when a connection is established. It sets
	// x.Connection.
	Connected(x *Exchange, now int64)
	// Secure returns the client's end of a TLS connection over under, before its
	// handshake.
	Secure(under net.Conn) tlsconn.Secured
	// Secured is called when the handshake of a connection has succeeded. An
	// error means that the connection is of no use.
	Secured(c tlsconn.Secured) error
	// SessionOver is called when a connection of HTTP/2 has ended.
	SessionOver(c *ledger.Connection)
	// Count counts an event of a connection.
	Count(what Count)
	// Stood is called after a time for which the Shard did not run.
	Stood(span stall.Span)
	// Body receives a piece of x's body; an error ends the exchange.
	Body(x *Exchange, piece []byte) error
	// Responded is called for a whole response and returns the next step. If
	// that is Follow, it has changed x.Request.
	Responded(x *Exchange) Step
	// Failed is called when an exchange ends without a whole response.
	Failed(x *Exchange, f *Failure)
	// Aborted is called for an x that was in flight when the run was aborted.
	Aborted(x *Exchange)
	// Returned is called after Leave and Shard.Return, when the slot is back.
	Returned(slot int)
	// Over is called last, when the Shard is done. It has computed TLS
	// handshakes for shaking ns.
	Over(shaking int64)
}

// Exchange is the state of one request of a slot. The Driver reads it, and sets
// only the fields that Driver's methods name.
type Exchange struct {
	Slot       int
	Request    Request
	Start, End int64

	// The phases in ns, summed over the hops of a redirect chain.
	Connect, Send, Wait, Read int64
	TLS                       int64 // the part of Connect that is the TLS handshake

	Endpoint   int   // the Driver's number, -1 for none
	Connection int64 // the Driver's number, 0 for none
	Reused     bool  // the connection had carried a request before
	Idle       int64 // for how long it had carried nothing, in ns; 0 if it is fresh
	Parser     h1.Parser
	Stream     *h2.Stream // over HTTP/2, in place of Parser; nil over HTTP/1.1
	Goaway     int64      // of a request that its connection took along: for how long the peer had sent GOAWAY, in ns; 0 = it had not
}

// Request is what a slot sends. All slots that send it share it.
type Request struct {
	Bytes    []byte       // over HTTP/1.1
	HTTP2    *h2.Prepared // over HTTP/2
	HeadOnly bool         // the method is HEAD
}

// Step is what follows a whole response.
type Step uint8

// The steps.
const (
	Done   Step = iota // the request is over
	Drop               // the request is over, and the connection is closed
	Follow             // x.Request, which the Driver has changed, goes to the same host next
	Leave              // the Shard leaves the slot alone until Return
)

// Count is an event of a connection.
type Count uint8

// The counts.
const (
	Stale   Count = iota // closed by the peer while it was idle
	Waited               // the peer had to close first, and did
	Ours                 // the peer had to close first, and did not in time
	Surplus              // bytes came after the end of a response
)

// Stage is the step at which an exchange failed.
type Stage uint8

// The stages. At StageResponse the Parser's stage is more exact.
const (
	StageLookup   Stage = iota // Driver.Next failed
	StageConnect               // until the connection is known to be established
	StageTLS                   // until it is secured, or because the server rejected the client's certificate
	StageSend                  // until the whole request is written
	StageResponse              // after that, or after the peer closed before that
	StageBody                  // Driver.Body returned an error
	StageStream                // x.Stream was open; it tells more
)

// Failure is why an exchange ended without a whole response. Err is an
// os.SyscallError if the system failed, and os.ErrDeadlineExceeded if one of
// the Shard's deadlines passed.
type Failure struct {
	Stage   Stage
	Err     error
	Late    bool       // at StageConnect: the error came after connect(2) had returned: from the network, not from this machine's own tables
	Patient bool       // at StageConnect: the request's timeout passed, not that of connections
	Unsent  bool       // at StageConnect: connect failed at once, over TCP
	Stalled bool       // without the times when the Shard did not run, it might have been in time
	Local   netip.Addr // of the connection that failed; zero without one
}

// ErrSelfConnect means that a connection attempt to a closed port in this
// machine's ephemeral range got that same port as its local port, and so
// connected to itself.
var ErrSelfConnect = errors.New("connected to itself")
