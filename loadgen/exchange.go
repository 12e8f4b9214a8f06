package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"os"
	"time"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// exchange carries out one request at a time, redirects included, on at most
// one kept connection. It owns its connections: nothing is sent twice.
type exchange struct {
	worker *worker
	load   *Load
	parser h1.Parser
	conn   *conn // kept alive, or being used
	result record.Result
	trace  *tracer // nil unless lost requests are to be told

	sendBuf   []byte // made when it is needed
	early     early  // of a response that comes before its request is written
	inspector        // of the answer being received
	replicas         // that answers named

	since     int64 // when the request, or the head whose 100 is awaited, was written
	firstByte int64 // when the first byte after that came, 0 if it has not
	arrived   int64 // when the last bytes, or the end, came; checking them is no part of the latency
}

// hop is one request of a redirect chain.
type hop struct {
	target   target
	key      string // of the connections that can carry it
	address  string // as error texts show it
	method   string
	body     payload
	sameHost bool
	given    bool        // by the user, not by a Location
	expects  bool        // the body waits for a 100
	bytes    []byte      // on the wire; without the body if that is a file
	tls      *tls.Config // nil for http
}

// direct reports whether h goes to its target in cleartext, and not to a proxy.
func (h *hop) direct() bool { return h.tls == nil && h.key == h.target.origin() }

// failure is why an exchange ended without a whole answer.
type failure struct {
	stage record.Stage
	err   error
	text  string // hey's words, without method and URL
}

func (x *exchange) init(w *worker) {
	l := w.load
	*x = exchange{worker: w, load: l}
	x.inspector.load, x.names = l, l.recorder.Names
	x.parser.Capture = l.captured
	x.parser.Body = func(piece []byte) { x.piece(&x.parser, piece) }
	x.early.begin = x.readEarly
}

func (l *Load) newHop(t target, method string, body payload, sameHost bool) hop {
	req := l.cfg.request(t, method, body, sameHost)
	if method != l.cfg.Method || l.body.len() > 0 && body.len() == 0 {
		req.Fields = withoutContent(req.Fields)
	}
	h := hop{target: t, key: t.origin(), address: t.hostport(), method: method, body: body, sameHost: sameHost, bytes: req.Append(nil)}
	if l.isHome(t) {
		h.address = l.address
	}
	// Without a body there is nothing to wait with, and a server may leave the
	// 100 out (RFC 9110 §10.1.1): the field is sent as it was given, no more.
	h.expects = body.len() > 0 && hasElement(req.Fields, "expect", "100-continue")
	if l.cfg.asksProxy(t) {
		h.key = "http proxy" // carries requests to any host
	}
	if t.tls {
		h.tls = l.cfg.tlsConfig(t, sameHost)
	}
	return h
}

// shown is the hop's URL as people are shown it.
func (h *hop) shown() string {
	if h.given {
		return h.target.shown()
	}
	return safetext.Bounded(safetext.MaskForeignURL(h.target.url.String()))
}

func (x *exchange) now() int64 { return int64(time.Since(x.load.base)) }

func (x *exchange) close() {
	x.content.close()
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
	x.follow(ctx, &x.load.first, 0)
	return r
}

// follow carries out one hop of a request, the first or the one after so many,
// and those it leads to.
func (x *exchange) follow(ctx context.Context, at *hop, followed int) {
	deadline := x.load.deadline(x.result.Start)
	for ; ; followed++ {
		x.result.Redirected = followed > 0
		if fail := x.one(ctx, at, deadline); fail != nil {
			x.fail(at, fail)
			return
		}
		next, fail := x.load.redirect(&x.parser, at, followed)
		switch {
		case fail != nil:
			x.fail(at, fail)
		case next == nil:
			x.answered()
		}
		x.release(next == nil)
		if next == nil {
			return
		}
		at = next
	}
}

// deadline is when a request that started at ns times out.
func (l *Load) deadline(ns int64) time.Time {
	if l.cfg.Timeout < 0 {
		return time.Time{}
	}
	return l.base.Add(time.Duration(ns) + l.cfg.Timeout)
}

// answered gives the Result of a whole answer its fate.
func (x *exchange) answered() {
	x.judge(&x.result, &x.parser)
	if x.result.Fate == record.FateLost {
		x.endTrace(&failure{stage: record.StageStatus})
	}
}

// fail gives the Result of a failed exchange its fate.
func (x *exchange) fail(at *hop, f *failure) {
	r := &x.result
	r.End = x.now()
	if x.worker.isAborted() && (isTimeout(f.err) || errors.Is(f.err, context.Canceled)) {
		r.Fate = record.FateAborted
		return
	}
	if x.stalled(f) {
		f.stalled()
	}
	failResult(r, at, f)
	x.load.refuseRenegotiation(at, f.err)
	x.endTrace(f)
}

// stalled reports whether f, at the end of the request, came of nodrop itself not
// having run. Deadlines of sockets know; those of look-ups do not.
func (x *exchange) stalled(f *failure) bool {
	if isTimeout(f.err) && f.stage != record.StageDNS {
		return false
	}
	return x.load.late(x.result.Start, x.result.End) && x.ours()
}

// ours reports whether the request would have ended within -t if nodrop had run.
func (x *exchange) ours() bool {
	return x.load.stalls.ours(x.result.Start, x.result.End, int64(x.load.cfg.Timeout))
}

// failResult gives r the fate of a failure.
func failResult(r *record.Result, at *hop, f *failure) {
	r.Class, r.Fate, r.Status = classify(f.stage, f.err), record.FateLost, 0
	if r.Class.Spoiled() {
		r.Fate = record.FateSpoiled
	}
	r.Sample = sampleText(at, f, r.Class)
}

// startTrace begins to note the steps of a request while a trace is wanted.
func (x *exchange) startTrace() {
	x.trace = nil
	if limit := x.load.cfg.TraceLost; limit > 0 && !x.load.traces.Full() {
		x.trace = &tracer{}
	}
}

// endTrace keeps what was noted of a lost request.
func (x *exchange) endTrace(f *failure) {
	r := &x.result
	if x.trace == nil || r.Fate != record.FateLost {
		return
	}
	x.trace.note(r.End, f.err, "failed in the %s stage: %s", f.stage, r.Class)
	x.load.traces.Add(r, x.load.recorder.Names.Name(r.Endpoint), x.trace.steps)
}

// one carries out one hop: connect if needed, write, read the whole answer.
func (x *exchange) one(ctx context.Context, at *hop, deadline time.Time) *failure {
	if err := x.connect(ctx, at, deadline); err != nil {
		return err
	}
	c, r := x.conn, &x.result
	r.Reused, r.Endpoint, r.Connection = c.used, c.endpoint, c.number
	if err := x.worker.arm(c, deadline); err != nil {
		return x.broken(at, &failure{stage: record.StageSend, err: err})
	}
	x.parser.Reset(at.method == "HEAD")
	x.begin()
	x.secured = c.secured() != nil
	c.used = true
	fail, writeErr := x.sendAndRead(at, deadline)
	if fail != nil {
		switch {
		case fail.stage != record.StageWait:
		case !r.Reused && x.refusedClient(fail.err):
			fail.stage = record.StageTLS // a TLS 1.3 server refuses a client after the handshake
		case writeErr != nil:
			fail = &failure{stage: record.StageSend, err: writeErr}
		}
		return x.broken(at, fail)
	}
	x.conn.used = x.conn.used && writeErr == nil
	if writeErr != nil {
		x.drop()
	}
	return nil
}

// refusedClient reports whether err is the server's refusal of a certificate.
func (x *exchange) refusedClient(err error) bool {
	s := x.conn.secured()
	return s != nil && s.refusesClient(err)
}

// endOfStream is what the peer's end of the connection makes of the response.
func (x *exchange) endOfStream() error {
	x.arrived, x.conn.key = x.now(), ""
	if s := x.conn.secured(); s != nil && s.truncated() {
		return x.parser.Cut()
	}
	return x.parser.EOF()
}

// sendAndRead writes the request and reads the response, which may come first.
// The failure is final; the error is that of a request that could not be
// written, with or without a response.
func (x *exchange) sendAndRead(at *hop, deadline time.Time) (*failure, error) {
	fail, writeErr := x.send(at, deadline)
	x.conn.onWait(nil)
	if fail == nil && writeErr != nil && classify(record.StageSend, writeErr).Spoiled() {
		fail = &failure{stage: record.StageSend, err: writeErr}
	}
	var early *failure
	if x.early.running {
		if fail != nil {
			_ = x.conn.SetDeadline(longAgo) // what still comes is of no use
		}
		var stopped bool
		if stopped, early = x.endEarly(); stopped && isTimeout(writeErr) {
			writeErr = nil
		}
	}
	if isTimeout(writeErr) {
		x.conn.cut()
	}
	switch {
	case fail != nil:
		return fail, writeErr
	case isTimeout(writeErr) && x.firstByte == 0:
		return &failure{stage: record.StageSend, err: writeErr}, writeErr
	case early != nil:
		return early, writeErr
	}
	// After a write that the peer made fail it may still have said why: what it
	// sent before it closed is there to be read.
	return x.read(), writeErr
}

// broken closes the connection that failed and passes f on.
func (x *exchange) broken(at *hop, f *failure) *failure {
	if f.text == "" {
		f.text = errorText(f, x.conn.LocalAddr(), at.address)
	}
	x.drop()
	return f
}

// read reads one answer to its end.
func (x *exchange) read() *failure {
	for !x.parser.Done() {
		if fail := x.receive(); fail != nil {
			return fail
		}
	}
	r := &x.result
	r.End = x.arrived
	if x.load.late(r.Start, r.End) {
		return x.lateAnswer()
	}
	if err := x.content.end(); err != nil {
		return x.failure(&x.parser, err)
	}
	r.Phases.Read += r.End - max(x.firstByte, x.since)
	r.Status, r.Bytes, r.Unproven = x.parser.Status(), x.parser.BodyBytes(), x.unproven(&x.parser)
	x.book(r, &x.parser)
	return nil
}

// late reports whether a request took longer than -t.
func (l *Load) late(start, end int64) bool {
	return l.cfg.Timeout > 0 && end-start > int64(l.cfg.Timeout)
}

// lateAnswer is the failure of an answer that is whole, but late.
func (x *exchange) lateAnswer() *failure {
	f := &failure{stage: record.StageBody, err: os.ErrDeadlineExceeded}
	if x.load.late(x.result.Start, x.firstByte) {
		f.stage = record.StageWait
	}
	if x.ours() {
		f.stalled()
	}
	return f
}

// receive reads once, and takes in what came.
func (x *exchange) receive() *failure {
	lent, n, err := readLent(x.conn.socket)
	defer giveBack(lent)
	if x.trace != nil {
		x.trace.note(x.now(), err, "received %d bytes", n)
	}
	if n > 0 {
		if fail := x.take(lent[:n]); fail != nil {
			return fail
		}
	}
	if x.parser.Done() || err == nil {
		return nil // an error that TLS gives along with the last bytes comes again
	}
	if errors.Is(err, io.EOF) {
		err = x.endOfStream()
	}
	if err != nil {
		return &failure{stage: stageOf(x.parser.Stage()), err: err}
	}
	return nil
}

// take feeds the parser what was read.
func (x *exchange) take(b []byte) *failure {
	x.arrived = x.now()
	if x.firstByte == 0 {
		x.firstByte = x.arrived
		if !x.early.running { // or else when the request is written is not known yet
			x.result.Phases.Wait += x.firstByte - x.since
		}
	}
	used, malformed := x.parser.Feed(b)
	if malformed != nil {
		return &failure{stage: record.StageHead, err: malformed}
	}
	if err := x.err(&x.parser); err != nil {
		return x.failure(&x.parser, err)
	}
	if used < len(b) {
		x.worker.shard.CountConnection(func(c *record.ConnectionCount) { c.Surplus++ })
		x.conn.key = "" // out of step: never to be used again
	}
	return nil
}

// stageOf is how far an exchange had got whose request was written.
func stageOf(s h1.Stage) record.Stage {
	switch s {
	case h1.StageIdle:
		return record.StageWait
	case h1.StageHead:
		return record.StageHead
	default:
		return record.StageBody
	}
}
