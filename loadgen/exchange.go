package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"nodrop/loadgen/internal/h1"
)

const readBufferSize = 16 << 10

// exchange carries out one request at a time, redirects included, on at most
// one kept connection. It owns its connections: nothing is sent twice.
type exchange struct {
	worker *worker
	load   *Load
	parser h1.Parser
	conn   *conn // kept alive, or being used
	result Result
	trace  *tracer // nil unless lost requests are to be told

	buf, sendBuf []byte   // made when they are needed
	content      inflater // of the body being received

	since     int64 // when the request, or the head whose 100 is awaited, was written
	firstByte int64 // when the first byte after that came, 0 if it has not
	arrived   int64 // when the last bytes, or the end, came; checking them is no part of the latency

	names map[string]int // endpoints' indexes in the recorder, by name

	headerName string // Captured by --endpoint-header, lower case
	lastHeader []byte // its last value and that value's index
	lastIndex  int

	errorBody []byte // the begin of a body that came with an unexpected status
	answer    []byte // what is kept of that answer
}

// hop is one request of a redirect chain.
type hop struct {
	target   target
	key      string // of the connections that can carry it
	method   string
	body     payload
	sameHost bool
	expects  bool        // the body waits for a 100
	bytes    []byte      // on the wire; without the body if that is a file
	tls      *tls.Config // nil for http
}

// errBodyTooLong: more came than --max-body allows.
var errBodyTooLong = errors.New("body too long")

// failure is why an exchange ended without a whole answer.
type failure struct {
	stage Stage
	err   error
	text  string // hey's words, without method and URL
}

// The fields that the parser captures, in its order.
const (
	capturedLocation = iota
	capturedEndpoint
	capturedCoding
	capturedTelling // the first of them
)

func (x *exchange) init(w *worker) {
	l := w.load
	*x = exchange{worker: w, load: l, names: map[string]int{}, lastIndex: -1}
	x.headerName = strings.ToLower(l.cfg.EndpointHeader)
	x.parser.Capture = append([]string{
		capturedLocation: "location", capturedEndpoint: x.headerName, capturedCoding: "content-encoding",
	}, telling[:]...)
	x.parser.Body = x.check
}

func (l *Load) newHop(t target, method string, body payload, sameHost bool) hop {
	req := l.cfg.request(t, method, body, sameHost)
	if l.body.len() > 0 && body.len() == 0 {
		// A redirect took the body away, and with it what a client must not
		// expect without one (RFC 9110 §10.1.1).
		req.Fields = slices.DeleteFunc(slices.Clone(req.Fields), func(f Field) bool { return strings.EqualFold(f.Name, "expect") })
	}
	h := hop{target: t, key: t.origin(), method: method, body: body, sameHost: sameHost, bytes: req.Append(nil)}
	// Without a body there is nothing to wait with, and a server may leave the
	// 100 out (RFC 9110 §10.1.1): the field is sent as it was given, no more.
	h.expects = body.len() > 0 && hasElement(req.Fields, "expect", "100-continue")
	if l.cfg.Proxy != nil && !t.tls {
		h.key = "http proxy" // carries requests to any host
	}
	if t.tls {
		h.tls = l.cfg.tlsConfig(t, sameHost)
	}
	return h
}

func (x *exchange) now() int64 { return int64(time.Since(x.load.base)) }

func (x *exchange) close() {
	x.content.close()
	if x.conn != nil {
		x.drop()
	}
}

// do carries out one request. The Result is valid until the next call.
func (x *exchange) do(ctx context.Context) *Result {
	r := &x.result
	*r = Result{Start: x.now(), Endpoint: -1}
	x.worker.shard.start(r.Start)
	x.startTrace()
	deadline := x.load.deadline(r.Start)
	at := &x.load.first
	for followed := 0; ; followed++ {
		if fail := x.one(ctx, at, deadline); fail != nil {
			x.fail(at, fail)
			break
		}
		next, fail := x.redirect(at, followed)
		switch {
		case fail != nil:
			x.fail(at, fail)
		case next == nil:
			x.answered()
		}
		x.release(next == nil)
		if next == nil {
			break
		}
		at = next
	}
	return r
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
	r := &x.result
	if !x.load.ok[r.Status] {
		r.Fate, r.Class = FateLost, statusClass(r.Status)
		x.answer = answerText(x.answer, r.Status, func(i int) []byte { return x.parser.Captured(capturedTelling + i) }, x.errorBody)
		r.Answer = x.answer
		x.endTrace(&failure{stage: StageStatus})
	}
}

// fail gives the Result of a failed exchange its fate.
func (x *exchange) fail(at *hop, f *failure) {
	r := &x.result
	r.End = x.now()
	r.Class = classify(f.stage, f.err)
	r.Fate = FateLost
	switch {
	case x.worker.isAborted() && (isTimeout(f.err) || errors.Is(f.err, context.Canceled)):
		r.Fate, r.Class = FateAborted, 0
		return
	case r.Class.Spoiled():
		r.Fate = FateSpoiled
	}
	r.Status = 0
	r.Sample = sampleText(at, f, r.Class)
	x.endTrace(f)
}

// startTrace begins to note the steps of a request while a trace is wanted.
func (x *exchange) startTrace() {
	x.trace = nil
	if limit := x.load.cfg.TraceLost; limit > 0 && !x.load.traces.full() {
		x.trace = &tracer{}
	}
}

// endTrace keeps what was noted of a lost request.
func (x *exchange) endTrace(f *failure) {
	r := &x.result
	if x.trace == nil || r.Fate != FateLost {
		return
	}
	x.trace.note(r.End, f.err, "failed in the %s stage: %s", f.stage, r.Class)
	x.load.traces.add(r, x.load.recorder.names.name(r.Endpoint), x.trace.steps)
}

// one carries out one hop: connect if needed, write, read the whole answer.
func (x *exchange) one(ctx context.Context, at *hop, deadline time.Time) *failure {
	if err := x.connect(ctx, at, deadline); err != nil {
		return err
	}
	c, r := x.conn, &x.result
	r.Reused, r.Endpoint, r.Connection = c.used, c.endpoint, c.number
	if err := x.worker.arm(c, deadline); err != nil {
		return x.broken(&failure{stage: StageSend, err: err})
	}
	x.parser.Reset(at.method == "HEAD")
	x.errorBody = x.errorBody[:0]
	x.content.begin("")
	c.used = true
	fail, writeErr := x.send(at, deadline)
	switch {
	case fail != nil:
	case isTimeout(writeErr), writeErr != nil && classify(StageSend, writeErr).Spoiled():
		fail = &failure{stage: StageSend, err: writeErr}
	default:
		// After a write that the peer made fail it may still have said why: what
		// it sent before it closed is there to be read.
		fail = x.read()
	}
	if fail != nil {
		switch {
		case fail.stage != StageWait:
		case !r.Reused && rejected(fail.err):
			fail.stage = StageTLS // a TLS 1.3 server refuses a client after the handshake
		case writeErr != nil:
			fail = &failure{stage: StageSend, err: writeErr}
		}
		return x.broken(fail)
	}
	x.conn.used = x.conn.used && writeErr == nil
	if writeErr != nil {
		x.drop()
	}
	return nil
}

// broken closes the connection that failed and passes f on.
func (x *exchange) broken(f *failure) *failure {
	if f.text == "" {
		f.text = x.conn.errorText(f, x.load.address)
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
	if err := x.content.end(); err != nil {
		return x.badContent(err)
	}
	r.Phases.Read += r.End - max(x.firstByte, x.since)
	r.Status, r.Bytes = x.parser.Status(), x.parser.BodyBytes()
	x.nameEndpoint()
	return nil
}

// receive reads once, and takes in what came.
func (x *exchange) receive() *failure {
	if x.buf == nil {
		x.buf = make([]byte, readBufferSize)
	}
	n, err := x.conn.Read(x.buf)
	if x.trace != nil {
		x.trace.note(x.now(), err, "received %d bytes", n)
	}
	if n > 0 {
		if fail := x.take(n); fail != nil {
			return fail
		}
	}
	if x.parser.Done() || err == nil {
		return nil // an error that TLS gives along with the last bytes comes again
	}
	if errors.Is(err, io.EOF) {
		err = x.parser.EOF()
		x.conn.key = ""
		x.arrived = x.now()
	}
	if err != nil {
		return &failure{stage: stageOf(x.parser.Stage()), err: err}
	}
	return nil
}

// take feeds the parser what was read.
func (x *exchange) take(n int) *failure {
	x.arrived = x.now()
	if x.firstByte == 0 {
		x.firstByte = x.arrived
		x.result.Phases.Wait += x.firstByte - x.since
	}
	used, malformed := x.parser.Feed(x.buf[:n])
	if malformed != nil {
		return &failure{stage: StageHead, err: malformed}
	}
	if most := x.load.cfg.MaxBody; most > 0 && x.parser.BodyBytes() > most {
		return &failure{stage: StageBody, err: errBodyTooLong, text: fmt.Sprintf("body over %d bytes (--max-body)", most)}
	}
	if x.content.err != nil {
		return x.badContent(x.content.err)
	}
	if used < n {
		x.worker.shard.connection(func(c *ConnectionCount) { c.Surplus++ })
		x.conn.key = "" // out of step: never to be used again
	}
	return nil
}

// check takes a piece of the body. Part of a compressed body (206) cannot be
// inflated by itself.
func (x *exchange) check(piece []byte) {
	if x.parser.BodyBytes() == int64(len(piece)) && x.parser.Status() != 206 {
		if field := x.parser.Captured(capturedCoding); field != nil && !x.parser.Repeated(capturedCoding) {
			x.content.begin(checkable(field)) // repeated, it is several codings
		}
	}
	x.content.feed(piece)
	x.keepBody(piece)
}

// keepBody keeps the begin of the body of an answer that is a loss.
func (x *exchange) keepBody(piece []byte) {
	if room := maxAnswerBody - len(x.errorBody); room > 0 && !x.load.ok[x.parser.Status()] {
		x.errorBody = append(x.errorBody, piece[:min(room, len(piece))]...)
	}
}

// badContent is the failure of a body whose content does not hold. One that
// nothing but the peer's close ended was cut short by it.
func (x *exchange) badContent(err error) *failure {
	if e, ok := errors.AsType[*contentError](err); ok && e.short && x.parser.CloseDelimited() {
		err = io.ErrUnexpectedEOF
	}
	return &failure{stage: StageBody, err: err}
}

// stageOf is how far an exchange had got whose request was written.
func stageOf(s h1.Stage) Stage {
	switch s {
	case h1.StageIdle:
		return StageWait
	case h1.StageHead:
		return StageHead
	default:
		return StageBody
	}
}

// nameEndpoint books an answer to the replica that its header names.
func (x *exchange) nameEndpoint() {
	if x.headerName == "" {
		return
	}
	value := x.parser.Captured(capturedEndpoint)
	if len(value) == 0 {
		return
	}
	if x.lastIndex < 0 || string(value) != string(x.lastHeader) {
		x.lastHeader = append(x.lastHeader[:0], value...)
		x.lastIndex = x.load.recorder.names.id(string(value))
	}
	x.result.Endpoint = x.lastIndex
}
