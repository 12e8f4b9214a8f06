package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"

	"nodrop/loadgen/internal/h1"
)

const (
	readBufferSize = 16 << 10
	// finBound is how long the peer is given to close first after the last
	// answer on a connection. It lies outside the latency.
	finBound = 100 * time.Millisecond
)

// exchange carries out one request at a time, redirects included, on at most
// one kept connection. It owns its connections: nothing is sent twice.
type exchange struct {
	worker *worker
	load   *Load
	parser h1.Parser
	buf    []byte
	conn   *conn // kept alive, or being used
	result Result
	trace  *tracer // nil unless lost requests are to be told

	names map[string]int // endpoints' indexes in the recorder, by name

	headerName string // Captured by --endpoint-header, lower case
	lastHeader []byte // its last value and that value's index
	lastIndex  int
}

// conn is one connection and what it carried.
type conn struct {
	socket
	key      string // origin it was made for; "" = not to be used again
	endpoint int    // its index in the recorder
	used     bool
}

// hop is one request of a redirect chain.
type hop struct {
	target   target
	method   string
	body     []byte
	sameHost bool
	bytes    []byte      // on the wire
	tls      *tls.Config // nil for http
}

// failure is why an exchange ended without a whole answer.
type failure struct {
	stage Stage
	err   error
	text  string // hey's words, without method and URL
}

func newExchange(w *worker) exchange {
	l := w.load
	x := exchange{worker: w, load: l, names: map[string]int{}, lastIndex: -1}
	x.headerName = strings.ToLower(l.cfg.EndpointHeader)
	x.parser.Capture = []string{"location", x.headerName}
	return x
}

func (l *Load) newHop(t target, method string, body []byte, sameHost bool) hop {
	req := l.cfg.request(t, method, body, sameHost)
	h := hop{target: t, method: method, body: body, sameHost: sameHost, bytes: req.Append(nil)}
	if t.tls {
		h.tls = l.cfg.tlsConfig(t, sameHost)
	}
	return h
}

func (x *exchange) now() int64 { return int64(time.Since(x.load.base)) }

func (x *exchange) close() {
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
	at := x.load.first
	for followed := 0; ; followed++ {
		if fail := x.one(ctx, &at, deadline); fail != nil {
			x.fail(&at, fail)
			break
		}
		next, fail := x.redirect(&at, followed)
		switch {
		case fail != nil:
			x.fail(&at, fail)
		case next == nil:
			x.answered()
		}
		x.release(next == nil)
		if next == nil {
			break
		}
		at = *next
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
	r.Reused, r.Endpoint = c.used, c.endpoint
	if err := x.worker.arm(c, deadline); err != nil {
		return x.broken(&failure{stage: StageSend, err: err})
	}
	x.parser.Reset(at.method == "HEAD")
	c.used = true
	began := x.now()
	sent, writeErr := c.Write(at.bytes)
	written := x.now()
	if x.trace != nil {
		x.trace.note(written, writeErr, "sent %d of %d bytes of %s %s", sent, len(at.bytes), at.method, at.target.shown())
	}
	r.Phases.Send += written - began
	if writeErr != nil && isTimeout(writeErr) {
		return x.broken(&failure{stage: StageSend, err: writeErr})
	}
	// After a failed write the peer may still have said why: what it sent
	// before it closed is there to be read.
	if fail := x.read(written); fail != nil {
		if writeErr != nil && fail.stage == StageWait {
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

// read reads one whole answer.
func (x *exchange) read(since int64) *failure {
	if x.buf == nil {
		x.buf = make([]byte, readBufferSize)
	}
	r, firstByte := &x.result, int64(0)
	for {
		n, err := x.conn.Read(x.buf)
		if x.trace != nil {
			x.trace.note(x.now(), err, "received %d bytes", n)
		}
		if n > 0 {
			if firstByte == 0 {
				firstByte = x.now()
				r.Phases.Wait += firstByte - since
			}
			used, malformed := x.parser.Feed(x.buf[:n])
			if malformed != nil {
				return &failure{stage: StageHead, err: malformed}
			}
			if used < n {
				x.worker.shard.connection(func(c *ConnectionCount) { c.Surplus++ })
				x.conn.key = "" // out of step: never to be used again
			}
		}
		if err == nil && !x.parser.Done() {
			continue
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = x.parser.EOF()
				x.conn.key = ""
			}
			if err != nil {
				return &failure{stage: stageOf(x.parser.Stage()), err: err}
			}
		}
		r.End = x.now()
		r.Phases.Read += r.End - max(firstByte, since)
		r.Status, r.Bytes = x.parser.Status(), x.parser.BodyBytes()
		x.nameEndpoint()
		return nil
	}
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
	value := x.parser.Captured(1)
	if len(value) == 0 {
		return
	}
	if x.lastIndex < 0 || string(value) != string(x.lastHeader) {
		x.lastHeader = append(x.lastHeader[:0], value...)
		x.lastIndex = x.load.recorder.names.id(string(value))
	}
	x.result.Endpoint = x.lastIndex
}

// connect makes sure that there is a connection to the hop's host.
func (x *exchange) connect(ctx context.Context, at *hop, deadline time.Time) *failure {
	key := at.target.origin()
	if x.load.cfg.Proxy != nil && !at.target.tls {
		key = "http proxy" // carries requests to any host
	}
	if x.conn != nil && x.conn.key == key {
		if x.conn.quiet() {
			if x.trace != nil {
				x.trace.note(x.now(), nil, "connection from %v is kept alive and quiet", x.conn.LocalAddr())
			}
			return nil
		}
		if x.trace != nil {
			x.trace.note(x.now(), nil, "connection from %v was closed by the peer: replaced", x.conn.LocalAddr())
		}
		x.worker.shard.connection(func(c *ConnectionCount) { c.Stale++ })
	}
	if x.conn != nil {
		x.drop()
	}
	return x.dial(ctx, at, key, deadline)
}

// dial makes one connection attempt to one address.
func (x *exchange) dial(ctx context.Context, at *hop, key string, deadline time.Time) *failure {
	r := &x.result
	r.Reused, r.Endpoint = false, -1
	began := x.now()
	endpoint, err := x.endpoint(ctx, at, deadline)
	if err != nil {
		return &failure{stage: StageDNS, err: err, text: err.Error()}
	}
	r.Endpoint = x.endpointIndex(endpoint)
	bound, text := deadline, " (Client.Timeout exceeded while awaiting headers)"
	if d := x.load.cfg.ConnectTimeout; d > 0 {
		if own := time.Now().Add(d); deadline.IsZero() || own.Before(deadline) {
			bound, text = own, ""
		}
	}
	if x.trace != nil {
		x.trace.note(x.now(), nil, "connecting to %s", endpoint)
	}
	s, err := dialSocket(endpoint, bound, x.worker.register)
	connected := x.now()
	r.Phases.Connect += connected - began
	if err != nil {
		x.worker.register(nil)
		if !isTimeout(err) {
			text = ""
		}
		stage, text := x.load.dialFailure(reason(err) + text)
		return &failure{stage: stage, err: err, text: text}
	}
	x.worker.shard.connected(r.Endpoint, connected)
	if x.trace != nil {
		x.trace.note(connected, nil, "connected from %v to %v", s.LocalAddr(), s.RemoteAddr())
	}
	x.conn = &conn{socket: s, key: key, endpoint: r.Endpoint}
	if !at.target.tls {
		return nil
	}
	if x.load.cfg.Proxy != nil {
		if fail := x.tunnel(at, deadline); fail != nil {
			return fail
		}
	}
	return x.secure(at, deadline)
}

// dialFailure is the stage of a connection that could not be made, and the
// words for it.
func (l *Load) dialFailure(why string) (Stage, string) {
	switch {
	case l.cfg.Proxy != nil:
		return StageProxy, "proxyconnect tcp: dial tcp " + l.address + ": " + why
	case l.cfg.UnixSocket != "":
		return StageConnect, "dial unix " + l.address + ": " + why
	}
	return StageConnect, "dial tcp " + l.address + ": " + why
}

// secure makes the TLS handshake on a connection just made.
func (x *exchange) secure(at *hop, deadline time.Time) *failure {
	if err := x.worker.arm(x.conn, deadline); err != nil {
		return x.broken(&failure{stage: StageTLS, err: err})
	}
	r, began := &x.result, x.now()
	s, err := secure(x.conn.socket, at.tls)
	took := x.now() - began
	if x.trace != nil {
		x.trace.note(began+took, err, "TLS handshake")
	}
	r.Phases.TLS += took
	r.Phases.Connect += took
	if err != nil {
		return x.broken(&failure{stage: StageTLS, err: err})
	}
	x.conn.socket = s
	return nil
}

// endpoint asks where the connection goes. A redirect to another host is
// looked up there and then.
func (x *exchange) endpoint(ctx context.Context, at *hop, deadline time.Time) (*Endpoint, error) {
	home := x.load.allRoads() || strings.EqualFold(at.target.hostport(), x.load.target.hostport())
	if home && x.load.cfg.DNS != DNSPerConnection {
		return x.load.endpoints.Next(ctx)
	}
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	began := x.now()
	defer func() { x.result.Phases.DNS += x.now() - began }()
	if home {
		return x.load.endpoints.Next(ctx)
	}
	return x.load.redirectEndpoint(ctx, at.target)
}

// allRoads reports whether connections go to one place whatever the hop's host.
func (l *Load) allRoads() bool { return l.cfg.Proxy != nil || l.cfg.UnixSocket != "" }

func (x *exchange) endpointIndex(e *Endpoint) int {
	if i, ok := x.names[e.Name]; ok {
		return i
	}
	i := x.load.recorder.names.id(e.Name)
	if len(x.names) < maxEndpoints {
		x.names[e.Name] = i
	}
	return i
}

// release keeps the connection of a whole answer, or ends it. After the last
// hop there is time to do so such that TIME_WAIT stays with the peer, where the
// peer is to close first; between hops waiting would be part of the latency.
func (x *exchange) release(last bool) {
	c := x.conn
	if c == nil {
		return
	}
	if c.key != "" && x.parser.KeepAlive() && x.load.keepAlive {
		return
	}
	if last && !x.parser.CloseDelimited() && c.key != "" {
		x.awaitFIN(c)
	}
	x.drop()
}

// awaitFIN gives the peer, which was told to close or said it would, the time
// to do so.
func (x *exchange) awaitFIN(c *conn) {
	if err := x.worker.arm(c, time.Now().Add(finBound)); err != nil {
		return
	}
	_, err := c.Read(x.buf[:1])
	x.worker.shard.connection(func(n *ConnectionCount) {
		switch {
		case err == nil:
			n.Surplus++
		case isTimeout(err):
			n.Ours++
		default:
			n.Waited++
		}
	})
}

// drop closes the connection.
func (x *exchange) drop() {
	x.worker.register(nil)
	_ = x.conn.Close() // there is nothing left to learn from it
	x.conn = nil
}

// maxRedirects is how many redirects a chain may have; hey's number.
const maxRedirects = 10

// redirect is the next hop of an answer that redirects, nil for any other.
func (x *exchange) redirect(at *hop, followed int) (*hop, *failure) {
	location := x.parser.Captured(0)
	if x.load.cfg.DisableRedirects || len(location) == 0 {
		return nil, nil
	}
	method, body := at.method, at.body
	switch x.parser.Status() {
	case 301, 302, 303:
		if method != "HEAD" {
			method = "GET"
		}
		body = nil
	case 307, 308:
	default:
		return nil, nil
	}
	if followed == maxRedirects {
		return nil, &failure{stage: StageHead, err: errTooManyRedirects, text: errTooManyRedirects.Error()}
	}
	ref, err := url.Parse(string(location))
	if err != nil {
		return nil, &failure{stage: StageHead, err: err, text: "failed to parse Location header " + quote(location)}
	}
	t, err := parseTarget(at.target.url.ResolveReference(ref).String())
	if err != nil {
		return nil, &failure{stage: StageHead, err: err, text: "cannot follow Location header " + quote(location)}
	}
	sameHost := at.sameHost && strings.EqualFold(t.hostport(), x.load.target.hostport())
	next := x.load.newHop(t, method, body, sameHost)
	return &next, nil
}
