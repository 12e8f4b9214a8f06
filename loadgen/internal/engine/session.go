package engine

import (
	"errors"
	"net"
	"os"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/h2"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/ledger"
)

// Session is what all engines know of a connection of HTTP/2: what is said on
// it, and what became of the requests that share it. Its engine owns the socket.
type Session struct {
	Conn   h2.Conn
	Ledger ledger.Connection

	left bool // Leave was called
}

// Begin makes s a new connection, over TLS or not, whose responses capture the
// named fields. Conn.Now is set. ended is called for each stream that ends,
// except those that the engine cancels; goaway is the Result's.
func (s *Session) Begin(capture []string, secure bool, ended func(st *h2.Stream, goaway int64)) {
	s.Ledger = ledger.Connection{Protocol: ledger.H2C, Opened: s.Conn.Now}
	if secure {
		s.Ledger.Protocol = ledger.H2
	}
	s.left = false
	s.Conn.Capture = capture
	s.Conn.Ended = func(st *h2.Stream) {
		ended(st, s.account(st))
	}
	s.Conn.Begin()
}

// Limit returns how many requests may share the connection, of at most streams;
// 0 once it takes no new ones. Until the peer has said how many it allows, one
// stream may be started, whatever is assigned: a stream that the peer refuses
// because nodrop did not wait would be a loss that nodrop makes. A peer that
// allows none for now may allow some later.
func (s *Session) Limit(streams int) int {
	switch room := s.Conn.Room(); {
	case s.left || s.Conn.Err() != nil || s.Conn.GoingAway() != nil:
		return 0
	case !s.Conn.Settled():
		return streams
	default:
		return max(1, min(streams, room+s.Conn.Open()))
	}
}

// Start starts a stream, if that is allowed now.
func (s *Session) Start(st *h2.Stream, r *h2.Prepared) bool {
	if !s.Conn.Settled() && s.Conn.Open() > 0 || !s.Conn.Start(st, r) {
		return false
	}
	s.Ledger.Streams++
	s.Ledger.Most = max(s.Ledger.Most, int64(s.Conn.Open()))
	return true
}

// Leave tells the peer that no more streams will be started.
func (s *Session) Leave() {
	if !s.left {
		s.left = true
		s.Conn.Leave()
	}
}

// Note notes what the bytes that were fed last have said of the connection. A
// GOAWAY that follows ours says nothing.
func (s *Session) Note() {
	gone, l := s.Conn.GoingAway(), &s.Ledger
	if gone == nil || s.left {
		return
	}
	if !l.Goaway {
		l.Goaway, l.At = true, s.Conn.Now
	}
	l.Code, l.LastStream = uint32(gone.Code), gone.LastID
}

// Done reports whether the connection has no use any more: it takes no new
// streams, and has no open ones.
func (s *Session) Done() bool {
	return s.Conn.Open() == 0 && (s.left || s.Conn.Err() != nil || s.Conn.GoingAway() != nil)
}

// account accounts for a stream that ended. If the connection took it along,
// account returns how long before that the peer had sent GOAWAY.
func (s *Session) account(st *h2.Stream) (goaway int64) {
	s.Note()
	l, err := &s.Ledger, st.Err()
	_, isTurned := errors.AsType[*h2.GoAwayError](err)
	reset, isReset := errors.AsType[*h2.StreamError](err)
	switch {
	case isTurned:
		l.TurnedAway++
	case isReset:
		l.Resets.Count(uint32(reset.Code))
	case err == nil && s.Conn.GoingAway() != nil && !s.left:
		l.Finished++
	case err != nil && errors.Is(s.Conn.Err(), err):
		l.Lost++
		l.Cause = wire.Classify(StreamStage(st), err).Cause().String()
		if l.Goaway {
			return max(1, s.Conn.Now-l.At)
		}
	}
	return 0
}

// StreamStage returns how far the request of a stream had got.
func StreamStage(st *h2.Stream) record.Stage {
	if stage := st.Stage(); stage != h1.StageIdle {
		return wire.StageOf(stage)
	}
	if !st.Written() {
		return record.StageSend
	}
	return record.StageWait
}

// StreamFailure returns the Failure of a stream that ended with an error.
func StreamFailure(st *h2.Stream, at *Hop, local net.Addr) *Failure {
	err := st.Err()
	if f, ok := errors.AsType[*Failure](err); ok { // of a body, ours or theirs
		return f
	}
	stage := StreamStage(st)
	return &Failure{Stage: stage, Err: err, Text: wire.ErrorText(stage, err, local, at.Address)}
}

// StreamTimeout returns the Failure of a stream that took longer than -t.
func StreamTimeout(st *h2.Stream) *Failure {
	return &Failure{Stage: StreamStage(st), Err: os.ErrDeadlineExceeded}
}

// StreamTimes returns when the request of a stream was wholly sent, or its
// response began before that, and when the response began; end for what had not
// happened by then. All are ns from the run's start.
func StreamTimes(st *h2.Stream, end int64) (sent, first int64) {
	first = st.FirstAt
	if first == 0 {
		first = end
	}
	sent = st.SentAt
	if sent == 0 || sent > first { // an early response
		sent = first
	}
	return sent, first
}
