//go:build linux

package loop

import (
	"errors"
	"net/netip"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/stall"
)

// Driver is what a Shard asks and tells. All calls come from the Shard's
// thread, and must not block. Times are ns from the run's start.
type Driver interface {
	// First is when slot may start its first request.
	First(slot int) int64
	// Again is when a slot that is free at now may start its next request; its
	// last one was due at due.
	Again(due, now int64) int64
	// Start asks for a request to start at now; false: there will be no more.
	Start(now int64) bool
	// Next is where x's next connection goes, and which address of this machine
	// it comes from: nil for whichever the system takes. It sets x.Endpoint.
	Next(x *Exchange) (to, from *Address, err error)
	// Connected tells of a connection that stands. It sets x.Connection.
	Connected(x *Exchange, now int64)
	// Count counts what happened to a connection.
	Count(what Count)
	// Stood is told that the Shard did not run for some time.
	Stood(span stall.Span)
	// Body gets a piece of x's body; an error ends the exchange.
	Body(x *Exchange, piece []byte) error
	// Responded is told of a whole response, and says what follows it. For Follow
	// it has changed x.Request.
	Responded(x *Exchange) Step
	// Failed is told how an exchange ended without a whole response.
	Failed(x *Exchange, f *Failure)
	// Aborted is told that x was in flight when the run was stopped.
	Aborted(x *Exchange)
	// Returned is told, after Leave and Shard.Return, that the slot is back.
	Returned(slot int)
	// Over is the last call.
	Over()
}

// Exchange is one request of a slot, as far as it has come. The Driver reads it
// and sets what Driver says.
type Exchange struct {
	Slot       int
	Request    Request
	Start, End int64

	// The phases in ns, summed over the hops of a redirect chain.
	Connect, Send, Wait, Read int64

	Endpoint   int   // the Driver's number for it, -1 for none
	Connection int64 // the Driver's number for it, 0 for none
	Reused     bool  // the connection had carried a request before
	Parser     h1.Parser
}

// Request is what is sent, shared by all who send it.
type Request struct {
	Bytes    []byte
	HeadOnly bool // the method is HEAD
}

// Step is what follows a whole response.
type Step uint8

// The steps.
const (
	Done   Step = iota // the request is over
	Drop               // it is over, and so is the connection
	Follow             // x.Request goes to the same host next
	Leave              // the slot is out of the Shard's hands until Return
)

// Count is something that happens to connections.
type Count uint8

// The counts.
const (
	Stale   Count = iota // closed by the peer while it was idle
	Waited               // the peer was to close first, and did
	Ours                 // the peer was to close first, and did not in time
	Surplus              // carried bytes after the end of a response
)

// Stage is where an exchange failed.
type Stage uint8

// The stages. At StageResponse the Parser knows more.
const (
	StageLookup   Stage = iota // asking the Driver where to connect to
	StageConnect               // until the handshake is known to be done
	StageSend                  // the request is not wholly written
	StageResponse              // it is, or the peer was gone before
	StageBody                  // Driver.Body said no
)

// Failure is why an exchange ended without a whole response. An Err of the
// system's is an os.SyscallError; a deadline of ours that passed is
// os.ErrDeadlineExceeded.
type Failure struct {
	Stage   Stage
	Err     error
	Late    bool       // at StageConnect: the error came after connect(2) had returned, from the network and not from this machine's own tables
	Patient bool       // at StageConnect: the bound that passed is not that of connections, but the request's
	Unsent  bool       // at StageConnect: connect failed at once, over TCP
	Stalled bool       // but for times when the Shard did not run, it might have been in time
	Local   netip.Addr // of the connection that failed; zero without one
}

// ErrSelfConnect is that a connection attempt to a dead port of this machine's
// ephemeral range got that very port as its own and met itself.
var ErrSelfConnect = errors.New("connected to itself")
