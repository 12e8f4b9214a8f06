package pool

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/h2"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// exchange carries out one request at a time, redirects included, on at most
// one kept connection. It owns its connections and sends nothing twice.
type exchange struct {
	worker   *worker
	job      *engine.Job
	parser   h1.Parser
	conn     *conn // kept alive or in use
	stream   h2.Stream
	session  *session        // of the last stream
	ended    chan struct{}   // gets one for each stream that ended
	response engine.Response // the current one: of parser or stream
	result   record.Result
	trace    *tracer // nil unless lost requests are traced

	sendBuf          []byte // made when first needed
	early            early  // reads a response that comes before its request is written
	engine.Inspector        // checks the current response
	engine.Replicas         // that responses named

	since     int64 // when the request was written, or its head if it awaits a 100
	firstByte int64 // when the first byte after that came, 0 before that
	arrived   int64 // when the last bytes, or the end, came; the latency excludes checking them
}

func (x *exchange) init(w *worker) {
	j := w.job
	*x = exchange{worker: w, job: j}
	x.Job, x.Names = j, j.Recorder.Names
	x.parser.Capture = j.Captured
	x.parser.Body = func(piece []byte) { x.Piece(&x.parser, piece) }
	x.early.begin = x.readEarly
	x.ended = make(chan struct{}, 1)
	x.stream.Body = x.pieceOfStream
}

func (x *exchange) now() int64 { return int64(time.Since(x.job.Base)) }

func (x *exchange) close() {
	x.Close()
	if x.conn != nil {
		x.drop()
	}
}

// do carries out one request. The Result is valid until the next call.
func (x *exchange) do(ctx context.Context) *record.Result {
	r := &x.result
	*r = record.Result{Start: x.now(), Endpoint: -1}
	x.worker.shard.Start(r.Start)
	x.startTrace()
	x.follow(ctx, &x.job.First, 0)
	return r
}

// follow carries out a hop of a request, after followed redirects, and the hops
// that it leads to.
func (x *exchange) follow(ctx context.Context, at *engine.Hop, followed int) {
	deadline := x.job.Deadline(x.result.Start)
	for ; ; followed++ {
		x.result.Redirected = followed > 0
		if fail := x.hop(ctx, at, deadline); fail != nil {
			x.fail(at, fail)
			return
		}
		next, fail := x.job.Redirect(x.response, at, followed)
		switch {
		case fail != nil:
			x.fail(at, fail)
		case next == nil:
			x.responded(at)
		}
		x.release(next == nil)
		if next == nil {
			return
		}
		at = next
	}
}

func (x *exchange) responded(at *engine.Hop) {
	if fail := x.Rejected(x.response); fail != nil {
		x.job.FailResult(&x.result, at, fail)
		x.endTrace(fail)
		return
	}
	x.Judge(&x.result, x.response)
	if x.result.Fate == record.FateLost {
		x.endTrace(&engine.Failure{Stage: record.StageStatus})
	}
}

func (x *exchange) fail(at *engine.Hop, f *engine.Failure) {
	r := &x.result
	r.End = x.now()
	if x.worker.isAborted() && (wire.IsTimeout(f.Err) || errors.Is(f.Err, context.Canceled)) {
		r.Fate = record.FateAborted
		return
	}
	if x.stalled(f) {
		f.Stalled()
	}
	x.job.FailResult(r, at, f)
	x.job.Failed(at, f.Err)
	x.endTrace(f)
}

// stalled reports whether f, at the end of the request, happened because nodrop
// itself did not run. Socket deadlines already account for that; those of
// look-ups do not.
func (x *exchange) stalled(f *engine.Failure) bool {
	if wire.IsTimeout(f.Err) && f.Stage != record.StageDNS {
		return false
	}
	return x.job.Late(x.result.Start, x.result.End) && x.ours()
}

// ours reports whether the request would have ended within -t if nodrop had
// been running.
func (x *exchange) ours() bool {
	return x.job.Stalls.Ours(x.result.Start, x.result.End, int64(x.job.Timeout))
}

// startTrace starts a trace of the request while traces are wanted.
func (x *exchange) startTrace() {
	x.trace = nil
	if x.job.Traces.Limit > 0 && !x.job.Traces.Full() {
		x.trace = &tracer{}
	}
}

func (x *exchange) endTrace(f *engine.Failure) {
	r := &x.result
	if x.trace == nil || r.Fate != record.FateLost {
		return
	}
	x.trace.note(r.End, f.Err, "failed in the %s stage: %s", f.Stage, r.Class)
	x.job.Traces.Add(r, x.job.Recorder.Names.Name(r.Endpoint), x.trace.steps)
}

// hop carries out one hop.
func (x *exchange) hop(ctx context.Context, at *engine.Hop, deadline time.Time) *engine.Failure {
	if at.HTTP2 != nil {
		return x.share(ctx, at, deadline)
	}
	return x.one(ctx, at, deadline)
}

// one carries out one hop over HTTP/1.1: connect if needed, write, read the whole response.
func (x *exchange) one(ctx context.Context, at *engine.Hop, deadline time.Time) *engine.Failure {
	if err := x.connect(ctx, at, deadline); err != nil {
		return err
	}
	c, r := x.conn, &x.result
	r.Reused, r.Endpoint, r.Connection, r.Idle = c.used, c.endpoint, c.number, 0
	if c.used {
		r.Idle = max(0, r.Start-x.arrived) // 0 after a redirect
	}
	if err := x.worker.arm(c, deadline); err != nil {
		return x.broken(at, &engine.Failure{Stage: record.StageSend, Err: err})
	}
	x.response = &x.parser
	x.parser.Reset(at.Method == "HEAD")
	x.Begin()
	x.Secured = c.secured() != nil
	c.used = true
	fail, writeErr := x.sendAndRead(at, deadline)
	if fail != nil {
		switch {
		case fail.Stage != record.StageWait:
		case !r.Reused && x.refusedClient(fail.Err):
			fail.Stage = record.StageTLS // a TLS 1.3 server rejects a client certificate after the handshake
		case writeErr != nil:
			fail = &engine.Failure{Stage: record.StageSend, Err: writeErr}
		}
		return x.broken(at, fail)
	}
	x.conn.used = x.conn.used && writeErr == nil
	if writeErr != nil {
		x.drop()
	}
	return nil
}

func (x *exchange) refusedClient(err error) bool {
	s := x.conn.secured()
	return s != nil && s.RefusesClient(err)
}

// endOfStream handles the end of the connection and returns what it means for
// the response.
func (x *exchange) endOfStream() error {
	x.arrived, x.conn.key = x.now(), ""
	if s := x.conn.secured(); s != nil && s.Truncated() {
		return x.parser.Cut()
	}
	return x.parser.EOF()
}

// sendAndRead writes the request and reads the response, which may come first.
// The failure is final. The error means that the request could not be written;
// the response may still be whole.
func (x *exchange) sendAndRead(at *engine.Hop, deadline time.Time) (*engine.Failure, error) {
	fail, writeErr := x.send(at, deadline)
	x.conn.OnWait(nil)
	if fail == nil && writeErr != nil && wire.Classify(record.StageSend, writeErr).Spoiled() {
		fail = &engine.Failure{Stage: record.StageSend, Err: writeErr}
	}
	var early *engine.Failure
	if x.early.running {
		if fail != nil {
			_ = x.conn.SetDeadline(wire.LongAgo) // what still comes is useless
		}
		var stopped bool
		if stopped, early = x.endEarly(writeErr); stopped {
			writeErr = nil
		}
	}
	if wire.IsTimeout(writeErr) {
		x.conn.Cut()
	}
	switch {
	case fail != nil:
		return fail, writeErr
	case wire.IsTimeout(writeErr) && x.firstByte == 0:
		return &engine.Failure{Stage: record.StageSend, Err: writeErr}, writeErr
	case early != nil:
		return early, writeErr
	}
	// If the peer made the write fail, it may have sent a response before it
	// closed: read it.
	return x.read(), writeErr
}

// broken closes the failed connection and returns f with its text filled in.
func (x *exchange) broken(at *engine.Hop, f *engine.Failure) *engine.Failure {
	if f.Text == "" {
		f.Text = wire.ErrorText(f.Stage, f.Err, x.conn.LocalAddr(), at.Address)
	}
	x.drop()
	return f
}

func (x *exchange) read() *engine.Failure {
	for !x.parser.Done() {
		if fail := x.receive(); fail != nil {
			return fail
		}
	}
	return x.whole()
}

// whole describes the response, which is whole.
func (x *exchange) whole() *engine.Failure {
	r := &x.result
	r.End = x.arrived
	if x.job.Late(r.Start, r.End) {
		return x.lateResponse()
	}
	if err := x.End(); err != nil {
		return x.Failure(x.response, err)
	}
	r.Phases.Read += r.End - max(x.firstByte, x.since)
	x.Describe(r, x.response)
	x.Book(r, x.response)
	return nil
}

// pieceOfStream checks a piece of the body of the stream.
func (x *exchange) pieceOfStream(piece []byte) error {
	x.Piece(&x.stream, piece)
	if err := x.Err(&x.stream); err != nil {
		return x.Failure(&x.stream, err)
	}
	return nil
}

func (x *exchange) lateResponse() *engine.Failure {
	f := &engine.Failure{Stage: record.StageBody, Err: os.ErrDeadlineExceeded}
	if x.job.Late(x.result.Start, x.firstByte) {
		f.Stage = record.StageWait
	}
	if x.ours() {
		f.Stalled()
	}
	return f
}

func (x *exchange) receive() *engine.Failure {
	lent, n, err := wire.ReadLent(x.conn.Socket)
	defer wire.GiveBack(lent)
	if x.trace != nil {
		x.trace.note(x.now(), err, "received %d bytes", n)
	}
	if n > 0 {
		if fail := x.take(lent[:n]); fail != nil {
			return fail
		}
	}
	if x.parser.Done() || err == nil {
		return nil // an error that TLS returns along with the last bytes comes again
	}
	if errors.Is(err, io.EOF) {
		err = x.endOfStream()
	}
	if err != nil {
		return &engine.Failure{Stage: wire.StageOf(x.parser.Stage()), Err: err}
	}
	return nil
}

func (x *exchange) take(b []byte) *engine.Failure {
	x.arrived = x.now()
	if x.firstByte == 0 {
		x.firstByte = x.arrived
		if !x.early.running { // otherwise it is not known yet when the request is written
			x.result.Phases.Wait += x.firstByte - x.since
		}
	}
	used, malformed := x.parser.Feed(b)
	if malformed != nil {
		return &engine.Failure{Stage: record.StageHead, Err: malformed}
	}
	if err := x.Err(&x.parser); err != nil {
		return x.Failure(&x.parser, err)
	}
	if used < len(b) {
		x.worker.shard.CountConnection(func(c *record.ConnectionCount) { c.Surplus++ })
		x.conn.key = "" // out of step: the connection carries no other request
	}
	return nil
}
